/**
 * The compression function F of BLAKE2b with any number of rounds (RFC 7693, section 3.2; EIP-152). Words are u64 and
 * little-endian everywhere.
 */

/** RFC 7693, 2.7: which message words a round takes, in order of use; a line a round. */
// biome-ignore format: a line a round
const schedule: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4,
  7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13,
  2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11,
  13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5,
  10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
]);
const scheduleLength: usize = 160;

/** RFC 7693, 2.6: the initial value, which is that of SHA-512. */
const initialValue: usize = memory.data<u64>([
  0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
  0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
]);

/** The message's words as the rounds take them, 16 a round: looked up once, and not in every round. */
const ordered: usize = memory.data(1_280);
const orderedEnd: usize = ordered + 1_280;

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
  orderWords(message);
  let v0 = load<u64>(state);
  let v1 = load<u64>(state, 8);
  let v2 = load<u64>(state, 16);
  let v3 = load<u64>(state, 24);
  let v4 = load<u64>(state, 32);
  let v5 = load<u64>(state, 40);
  let v6 = load<u64>(state, 48);
  let v7 = load<u64>(state, 56);
  let v8 = load<u64>(initialValue);
  let v9 = load<u64>(initialValue, 8);
  let v10 = load<u64>(initialValue, 16);
  let v11 = load<u64>(initialValue, 24);
  let v12 = load<u64>(initialValue, 32) ^ load<u64>(offset);
  let v13 = load<u64>(initialValue, 40) ^ load<u64>(offset, 8);
  let v14 = load<u64>(initialValue, 48) ^ (isLast ? u64.MAX_VALUE : 0);
  let v15 = load<u64>(initialValue, 56);
  let words = ordered;
  for (let round: u32 = 0; round < rounds; round += 1) {
    // RFC 7693, 3.1: the function G on the four columns, then on the four diagonals of the 4 x 4 words
    v0 = v0 + v4 + load<u64>(words);
    v12 = rotr<u64>(v12 ^ v0, 32);
    v8 = v8 + v12;
    v4 = rotr<u64>(v4 ^ v8, 24);
    v0 = v0 + v4 + load<u64>(words, 8);
    v12 = rotr<u64>(v12 ^ v0, 16);
    v8 = v8 + v12;
    v4 = rotr<u64>(v4 ^ v8, 63);

    v1 = v1 + v5 + load<u64>(words, 16);
    v13 = rotr<u64>(v13 ^ v1, 32);
    v9 = v9 + v13;
    v5 = rotr<u64>(v5 ^ v9, 24);
    v1 = v1 + v5 + load<u64>(words, 24);
    v13 = rotr<u64>(v13 ^ v1, 16);
    v9 = v9 + v13;
    v5 = rotr<u64>(v5 ^ v9, 63);

    v2 = v2 + v6 + load<u64>(words, 32);
    v14 = rotr<u64>(v14 ^ v2, 32);
    v10 = v10 + v14;
    v6 = rotr<u64>(v6 ^ v10, 24);
    v2 = v2 + v6 + load<u64>(words, 40);
    v14 = rotr<u64>(v14 ^ v2, 16);
    v10 = v10 + v14;
    v6 = rotr<u64>(v6 ^ v10, 63);

    v3 = v3 + v7 + load<u64>(words, 48);
    v15 = rotr<u64>(v15 ^ v3, 32);
    v11 = v11 + v15;
    v7 = rotr<u64>(v7 ^ v11, 24);
    v3 = v3 + v7 + load<u64>(words, 56);
    v15 = rotr<u64>(v15 ^ v3, 16);
    v11 = v11 + v15;
    v7 = rotr<u64>(v7 ^ v11, 63);

    v0 = v0 + v5 + load<u64>(words, 64);
    v15 = rotr<u64>(v15 ^ v0, 32);
    v10 = v10 + v15;
    v5 = rotr<u64>(v5 ^ v10, 24);
    v0 = v0 + v5 + load<u64>(words, 72);
    v15 = rotr<u64>(v15 ^ v0, 16);
    v10 = v10 + v15;
    v5 = rotr<u64>(v5 ^ v10, 63);

    v1 = v1 + v6 + load<u64>(words, 80);
    v12 = rotr<u64>(v12 ^ v1, 32);
    v11 = v11 + v12;
    v6 = rotr<u64>(v6 ^ v11, 24);
    v1 = v1 + v6 + load<u64>(words, 88);
    v12 = rotr<u64>(v12 ^ v1, 16);
    v11 = v11 + v12;
    v6 = rotr<u64>(v6 ^ v11, 63);

    v2 = v2 + v7 + load<u64>(words, 96);
    v13 = rotr<u64>(v13 ^ v2, 32);
    v8 = v8 + v13;
    v7 = rotr<u64>(v7 ^ v8, 24);
    v2 = v2 + v7 + load<u64>(words, 104);
    v13 = rotr<u64>(v13 ^ v2, 16);
    v8 = v8 + v13;
    v7 = rotr<u64>(v7 ^ v8, 63);

    v3 = v3 + v4 + load<u64>(words, 112);
    v14 = rotr<u64>(v14 ^ v3, 32);
    v9 = v9 + v14;
    v4 = rotr<u64>(v4 ^ v9, 24);
    v3 = v3 + v4 + load<u64>(words, 120);
    v14 = rotr<u64>(v14 ^ v3, 16);
    v9 = v9 + v14;
    v4 = rotr<u64>(v4 ^ v9, 63);

    words += 128;
    if (words === orderedEnd) words = ordered;
  }
  mixInto(state, v0 ^ v8);
  mixInto(state + 8, v1 ^ v9);
  mixInto(state + 16, v2 ^ v10);
  mixInto(state + 24, v3 ^ v11);
  mixInto(state + 32, v4 ^ v12);
  mixInto(state + 40, v5 ^ v13);
  mixInto(state + 48, v6 ^ v14);
  mixInto(state + 56, v7 ^ v15);
}

function orderWords(message: usize): void {
  for (let i: usize = 0; i < scheduleLength; i += 1) {
    store<u64>(ordered + (i << 3), load<u64>(message + ((<usize>load<u8>(schedule + i)) << 3)));
  }
}

function mixInto(word: usize, value: u64): void {
  store<u64>(word, load<u64>(word) ^ value);
}
