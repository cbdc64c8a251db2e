/**
 * Precompiled contracts 1 to 10 (Yellow Paper, appendix E; EIP-196, 197, 198, 152, 2565, 1108, 4844). What they cost is
 * counted here, before anything is asked: the key of the question carries the gas, so its answer is bounded work for
 * whoever has to prove it. What they compute comes from the host, except the identity and BLAKE2F: a block pays for more
 * rounds in one call of it than L1 could repeat in one transaction.
 */
import { compressBlake2b } from "../crypto/blake2.ts";
import { preimage, takePreimage } from "../host.ts";
import { haltOutOfGas, haltPrecompileFailed, preimagePrecompile } from "../interface.ts";
import { copyBytes, zeroBytes } from "../memory/bytes.ts";
import { arenaRegion, frameMemoryEnd, returnDataRegion } from "../memory/layout.ts";
import { wordCount } from "./gas.ts";
import {
  exponentiationGas,
  exponentiationInputBytes,
  hasNoModulus,
} from "./modular-exponentiation.ts";
import { clearReturnData, keepReturnData, returnData, setReturnData } from "./return-data.ts";

const ecrecover: u32 = 1;
const sha256: u32 = 2;
const ripemd160: u32 = 3;
const identity: u32 = 4;
const modularExponentiation: u32 = 5;
const curveAddition: u32 = 6;
const curveMultiplication: u32 = 7;
const pairing: u32 = 8;
const blake2f: u32 = 9;
const pointEvaluation: u32 = 10;

/** Number and required gas in front of the input in a key. */
const keyHeaderBytes: usize = 9;
/** Answer 1 and the output; the output then begins at a multiple of 8. */
const answer: usize = returnDataRegion + 7;

/** Why the last precompile failed. */
export let precompileFailure: i32 = 0;

/** Which precompile an address is; 0: none. */
export function precompileNumber(address: usize): u32 {
  const number = bswap<u32>(load<u32>(address, 16));
  const isLow = (load<u64>(address) | load<u64>(address, 8)) === 0;
  return isLow && number <= pointEvaluation ? number : 0;
}

/**
 * Runs a precompile, the output of which becomes the return data. `scratch` is frame memory that nobody uses. Answers
 * the gas left, negative on failure.
 */
export function runPrecompile(
  number: u32,
  input: usize,
  length: usize,
  gas: i64,
  scratch: usize,
): i64 {
  const required = requiredGas(number, input, length);
  if (required < 0) return failed(haltPrecompileFailed);
  if (gas < required) return failed(haltOutOfGas);
  if (number === identity) {
    keepReturnData(input, length);
  } else if (number === modularExponentiation && hasNoModulus(input, length)) {
    clearReturnData();
  } else if (number === blake2f) {
    compress(input);
  } else if (!ask(number, input, length, required, scratch)) {
    return failed(haltPrecompileFailed);
  }
  return gas - required;
}

/** EIP-152: rounds (big-endian), state, message, offset, and whether it is the last block; the new state is the output. */
function compress(input: usize): void {
  const rounds = bswap<u32>(load<u32>(input));
  keepReturnData(input + 4, 64);
  compressBlake2b(returnData, input + 68, input + 196, load<u8>(input, 212) === 1, rounds);
}

/** What it costs; negative when the input's length or form already makes it fail. */
function requiredGas(number: u32, input: usize, length: usize): i64 {
  switch (number) {
    case ecrecover:
      return 3_000;
    case sha256:
      return 60 + 12 * wordCount(length);
    case ripemd160:
      return 600 + 120 * wordCount(length);
    case identity:
      return 15 + 3 * wordCount(length);
    case modularExponentiation:
      return exponentiationGas(input, length);
    case curveAddition:
      return 150;
    case curveMultiplication:
      return 6_000;
    case pairing:
      return length % 192 === 0 ? 45_000 + 34_000 * <i64>(length / 192) : -1;
    case blake2f:
      // one gas a round; the last byte says whether the block is the last
      return length === 213 && load<u8>(input, 212) <= 1 ? bswap<u32>(load<u32>(input)) : -1;
    default:
      return length === 192 ? 50_000 : -1;
  }
}

/** Bytes of input that matter: a longer one is cut, a shorter one means zeros behind it. */
function inputBytes(number: u32, input: usize, length: usize): usize {
  if (number === ecrecover || number === curveAddition) return 128;
  if (number === curveMultiplication) return 96;
  return number === modularExponentiation ? exponentiationInputBytes(input, length) : length;
}

/** Asks the host; false: the precompile fails. */
function ask(number: u32, input: usize, length: usize, required: i64, key: usize): bool {
  const asked = inputBytes(number, input, length);
  if (<u64>key + keyHeaderBytes + asked > <u64>frameMemoryEnd) unreachable();
  store<u8>(key, number);
  store<i64>(key, required, 1);
  const given = min(length, asked);
  copyBytes(key + keyHeaderBytes, input, given);
  zeroBytes(key + keyHeaderBytes + given, asked - given);
  const answerLength = <usize>preimage(preimagePrecompile, key, keyHeaderBytes + asked);
  if (answerLength === 0 || answerLength > arenaRegion - answer) unreachable();
  takePreimage(answer);
  setReturnData(answer + 1, answerLength - 1);
  return load<u8>(answer) === 1;
}

function failed(halt: i32): i64 {
  precompileFailure = halt;
  return -1;
}
