/** Who signed a transaction: signing hash (Yellow Paper, appendix F; EIP-155, EIP-2718) and key recovery by the host. */
import { uint64Size, writeListHeader, writeUint64 } from "../codec/rlp-writer.ts";
import { keccak256 } from "../crypto/keccak.ts";
import { preimage, takePreimage } from "../host.ts";
import { preimagePrecompile } from "../interface.ts";
import { lessThan, storeBigEndian } from "../math/word.ts";
import { copyAddress, copyBytes, zeroBytes } from "../memory/bytes.ts";
import { returnDataRegion } from "../memory/layout.ts";
import { Transaction } from "./transaction.ts";

/** Address of the ECRECOVER precompile, and the gas that it requires. */
const recoveryPrecompile: u8 = 1;
const recoveryGas: u64 = 3_000;

/** Smallest v that carries a chain id (EIP-155). */
export const legacyVOffset: u64 = 35;

/** Question to the host: number (1), gas (8), then the precompile's input: hash, v, r, s (32 each). */
const question: usize = memory.data(137);
const questionHash: usize = question + 9;
const questionBytes: usize = 137;
/** Answer: 1, then the address in 32 bytes, or nothing when no key matches. */
const answer: usize = memory.data(33);
const answerBytes: i32 = 33;

/** Largest s: half the order of secp256k1, rounded down (EIP-2). */
const sMax: usize = memory.data<u64>([
  0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff,
]);

/** Finds the sender; false when s is in the upper half or no key matches the signature. */
export function recoverSender(transaction: Transaction): bool {
  if (lessThan(sMax, transaction.s)) return false;
  store<u8>(question, recoveryPrecompile);
  store<u64>(question, recoveryGas, 1);
  hashForSigning(transaction, questionHash);
  zeroBytes(questionHash + 32, 31);
  store<u8>(questionHash, 27 + transaction.yParity, 63);
  storeBigEndian(questionHash + 64, transaction.r);
  storeBigEndian(questionHash + 96, transaction.s);
  if (preimage(preimagePrecompile, question, questionBytes) !== answerBytes) return false;
  takePreimage(answer);
  copyAddress(transaction.sender, answer + 13);
  return true;
}

/** What the sender signed: the fields without the signature; of a protected legacy transaction with chain id, 0, 0. */
function hashForSigning(transaction: Transaction, out: usize): void {
  const isExtended = transaction.type === 0 && transaction.isProtected;
  const chainId = legacyChainId(transaction);
  const suffixLength = isExtended ? uint64Size(chainId) + 2 : 0;
  const payloadLength = transaction.fieldsLength + suffixLength;
  let at = returnDataRegion;
  if (transaction.type !== 0) {
    store<u8>(at, transaction.type);
    at += 1;
  }
  at = writeListHeader(at, payloadLength);
  copyBytes(at, transaction.fields, transaction.fieldsLength);
  at += transaction.fieldsLength;
  if (isExtended) {
    at = writeUint64(at, chainId);
    at = writeUint64(at, 0);
    at = writeUint64(at, 0);
  }
  keccak256(returnDataRegion, at - returnDataRegion, out);
}

/** EIP-155: v is twice the chain id plus 35 or 36. */
export function legacyChainId(transaction: Transaction): u64 {
  return (load<u64>(transaction.v) - legacyVOffset) >> 1;
}
