/** Precompile 5: base ** exponent % modulus for integers of any length (EIP-198; EIP-2565 bounds the work by gas). */
import { fixedBytes, padded, toInteger, wordAt } from "./bytes.ts";

const headBytes = 96;
/** Exponent bits taken at once; 4 costs 14 multiplications to prepare and saves about a fifth of the rest. */
const windowBits = 4;

/** The power in as many bytes as the modulus has. The module asks only when the gas for these lengths was paid. */
export function modexp(input: Uint8Array): Uint8Array {
  const baseLength = wordAt(input, 0);
  const exponentLength = wordAt(input, 32);
  const modulusLength = wordAt(input, 64);
  // base and modulus are paid for by the square of their lengths, so that these are numbers; an empty modulus says nothing
  if (modulusLength === 0n) return new Uint8Array(0);
  const modulusAt = Number(BigInt(headBytes) + baseLength + exponentLength);
  const modulus = toInteger(padded(input, modulusAt, Number(modulusLength)));
  if (modulus === 0n) return new Uint8Array(Number(modulusLength));
  const base = toInteger(padded(input, headBytes, Number(baseLength)));
  const exponent = padded(input, headBytes + Number(baseLength), Number(exponentLength));
  return fixedBytes(power(base % modulus, exponent, modulus), Number(modulusLength));
}

/** Left to right, one window of the exponent after another (Handbook of Applied Cryptography, 14.82). */
function power(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const start = exponent.findIndex((byte) => byte !== 0);
  if (start < 0) return 1n % modulus;
  const powers = [1n % modulus];
  for (let i = 1; i < 1 << windowBits; i++) {
    powers.push(((powers[i - 1] ?? 0n) * base) % modulus);
  }
  let result = 1n % modulus;
  const shiftIn = (digit: number) => {
    for (let i = 0; i < windowBits; i++) result = (result * result) % modulus;
    if (digit !== 0) result = (result * (powers[digit] ?? 0n)) % modulus;
  };
  for (const byte of exponent.subarray(start)) {
    shiftIn(byte >> windowBits);
    shiftIn(byte & ((1 << windowBits) - 1));
  }
  return result;
}
