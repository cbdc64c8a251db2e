/**
 * The compression function F of BLAKE2b with any number of rounds (RFC 7693, section 3.2; EIP-152). Words are u64 and
 * little-endian everywhere.
 */
import { copyBytes } from "../memory/bytes.ts";

/** RFC 7693, 2.7: which message words a round takes, in order of use. */
const schedule: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11,
  7, 5, 3, 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6,
  5, 10, 4, 0, 15, 8, 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13, 2, 12, 6, 10, 0, 11, 8,
  3, 4, 13, 7, 5, 15, 14, 1, 9, 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11, 13, 11, 7, 14,
  12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10, 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5, 10,
  2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);
const scheduleEnd: usize = schedule + 160;

/** RFC 7693, 2.6: the initial value, which is that of SHA-512. */
const initialValue: usize = memory.data<u64>([
  0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
  0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
]);

/** The working vector: 16 words. */
const v: usize = memory.data(128);

/**
 * Mixes a message block (`message`, 16 words) into `state` (8 words). `offset` is the count of bytes so far (2 words);
 * `isLast`: no block follows.
 */
export function compressBlake2b(
  state: usize,
  message: usize,
  offset: usize,
  isLast: bool,
  rounds: u32,
): void {
  copyBytes(v, state, 64);
  copyBytes(v + 64, initialValue, 64);
  store<u64>(v, load<u64>(v, 96) ^ load<u64>(offset), 96);
  store<u64>(v, load<u64>(v, 104) ^ load<u64>(offset, 8), 104);
  if (isLast) store<u64>(v, ~load<u64>(v, 112), 112);
  let at = schedule;
  for (let round: u32 = 0; round < rounds; round += 1) {
    mix(0, 4, 8, 12, message, at);
    mix(1, 5, 9, 13, message, at + 2);
    mix(2, 6, 10, 14, message, at + 4);
    mix(3, 7, 11, 15, message, at + 6);
    mix(0, 5, 10, 15, message, at + 8);
    mix(1, 6, 11, 12, message, at + 10);
    mix(2, 7, 8, 13, message, at + 12);
    mix(3, 4, 9, 14, message, at + 14);
    at += 16;
    if (at === scheduleEnd) at = schedule;
  }
  for (let i: usize = 0; i < 64; i += 8) {
    store<u64>(state + i, load<u64>(state + i) ^ load<u64>(v + i) ^ load<u64>(v + i, 64));
  }
}

/** RFC 7693, 3.1: the function G on four words of the working vector, with the two message words that `at` names. */
function mix(ai: usize, bi: usize, ci: usize, di: usize, message: usize, at: usize): void {
  let a = load<u64>(v + ai * 8);
  let b = load<u64>(v + bi * 8);
  let c = load<u64>(v + ci * 8);
  let d = load<u64>(v + di * 8);
  a = a + b + load<u64>(message + ((<usize>load<u8>(at)) << 3));
  d = rotr<u64>(d ^ a, 32);
  c = c + d;
  b = rotr<u64>(b ^ c, 24);
  a = a + b + load<u64>(message + ((<usize>load<u8>(at, 1)) << 3));
  d = rotr<u64>(d ^ a, 16);
  c = c + d;
  b = rotr<u64>(b ^ c, 63);
  store<u64>(v + ai * 8, a);
  store<u64>(v + bi * 8, b);
  store<u64>(v + ci * 8, c);
  store<u64>(v + di * 8, d);
}
