/** What recovering a transaction's sender gives, packed so that many cross to another thread as one buffer. */
import { bytesToHex } from "@sequorum/protocol";
import type { Executor } from "@sequorum/stf";

/** Signing hash, v, r, s (`DecodedTransaction.recovery`); the sender follows. */
const questionBytes = 128;
const senderBytes = 20;

/** Size of one packed recovery. */
export const recoveryBytes: number = questionBytes + senderBytes;

/** Tells an executor the senders of a packed buffer; a place that is all zero holds none. */
export function rememberSenders(executor: Executor, packed: Uint8Array): void {
  for (let at = 0; at < packed.length; at += recoveryBytes) {
    const recovery = packed.subarray(at, at + questionBytes);
    const from = packed.subarray(at + questionBytes, at + recoveryBytes);
    // a signature with r = 0 has no sender
    if (recovery.some((byte) => byte !== 0)) executor.rememberSender(recovery, bytesToHex(from));
  }
}
