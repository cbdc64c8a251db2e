/** Programs that call themselves as deep as the gas or the limit of 1,024 lets them. */
import type { Prng } from "@sequorum/testkit";
import { op } from "./opcodes.ts";

/** A program that recurses by one of the calls, or by creating itself. */
export function recursor(prng: Prng): Uint8Array {
  const call = prng.pick([op.CALL, op.CALLCODE, op.DELEGATECALL, op.STATICCALL, op.CREATE]);
  if (call === op.CREATE) {
    return Uint8Array.of(
      ...[op.CODESIZE, op.PUSH0, op.PUSH0, op.CODECOPY],
      ...[op.CODESIZE, op.PUSH0, op.PUSH0, op.CREATE, op.STOP],
    );
  }
  const zeros = call === op.CALL || call === op.CALLCODE ? 5 : 4;
  const arguments_ = Array.from({ length: zeros }, () => op.PUSH0);
  const counted =
    call === op.STATICCALL ? [] : [op.PUSH0, op.SLOAD, op.PUSH1, 1, op.ADD, op.PUSH0, op.SSTORE];
  return Uint8Array.of(...counted, ...arguments_, op.ADDRESS, op.GAS, call, op.STOP);
}
