/** Precompile 9: the compression function F of BLAKE2b with a given number of rounds (EIP-152, RFC 7693 section 3.2). */

const inputBytes = 213;

/** RFC 7693, 2.7: message words of each round. */
const permutations: readonly (readonly number[])[] = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
  [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
  [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
  [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
  [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
  [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
  [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
  [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
  [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
const schedule = Uint8Array.from(permutations.flat());

/** RFC 7693, 2.6: the words of SHA-512's initial value, low half first. */
const initial = Int32Array.of(
  ...[0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372],
  ...[0x5f1d36f1, 0xa54ff53a, 0xade682d1, 0x510e527f, 0x2b3e6c1f, 0x9b05688c],
  ...[0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19],
);

/** Work space: 16 words of state and 16 of the message, low half first. */
const v = new Int32Array(32);
const m = new Int32Array(32);

/** The 64 bytes of the new state; undefined when the input is no valid one. */
export function blake2f(input: Uint8Array): Uint8Array | undefined {
  const final = input[inputBytes - 1];
  if (input.length !== inputBytes || (final !== 0 && final !== 1)) return undefined;
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const h = new Int32Array(16);
  for (let i = 0; i < 16; i++) h[i] = view.getInt32(4 + 4 * i, true);
  for (let i = 0; i < 32; i++) m[i] = view.getInt32(68 + 4 * i, true);
  v.set(h);
  v.set(initial, 16);
  for (let i = 0; i < 4; i++) v[24 + i] = (v[24 + i] ?? 0) ^ view.getInt32(196 + 4 * i, true);
  if (final === 1) {
    v[28] = ~(v[28] ?? 0);
    v[29] = ~(v[29] ?? 0);
  }
  runRounds(view.getUint32(0, false));
  const output = new Uint8Array(64);
  const out = new DataView(output.buffer);
  for (let i = 0; i < 16; i++) {
    out.setInt32(4 * i, (h[i] ?? 0) ^ (v[i] ?? 0) ^ (v[16 + i] ?? 0), true);
  }
  return output;
}

function runRounds(rounds: number): void {
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    mix(0, 8, 16, 24, at);
    mix(2, 10, 18, 26, at + 2);
    mix(4, 12, 20, 28, at + 4);
    mix(6, 14, 22, 30, at + 6);
    mix(0, 10, 20, 30, at + 8);
    mix(2, 12, 22, 24, at + 10);
    mix(4, 14, 16, 26, at + 12);
    mix(6, 8, 18, 28, at + 14);
    at = at === 144 ? 0 : at + 16;
  }
}

/** RFC 7693, 3.1: G on the words at a, b, c, d, with two message words of the schedule. 64 bits are two halves. */
function mix(a: number, b: number, c: number, d: number, at: number): void {
  const x = 2 * (schedule[at] ?? 0);
  const y = 2 * (schedule[at + 1] ?? 0);
  let al = v[a] ?? 0;
  let ah = v[a + 1] ?? 0;
  let bl = v[b] ?? 0;
  let bh = v[b + 1] ?? 0;
  let cl = v[c] ?? 0;
  let ch = v[c + 1] ?? 0;
  let dl = v[d] ?? 0;
  let dh = v[d + 1] ?? 0;
  let low = (al >>> 0) + (bl >>> 0) + ((m[x] ?? 0) >>> 0);
  ah = (ah + bh + (m[x + 1] ?? 0) + ((low / 0x1_0000_0000) | 0)) | 0;
  al = low | 0;
  [dl, dh] = [dh ^ ah, dl ^ al]; // rotated by 32
  low = (cl >>> 0) + (dl >>> 0);
  ch = (ch + dh + ((low / 0x1_0000_0000) | 0)) | 0;
  cl = low | 0;
  let tl = bl ^ cl;
  let th = bh ^ ch;
  bl = (tl >>> 24) | (th << 8); // by 24
  bh = (th >>> 24) | (tl << 8);
  low = (al >>> 0) + (bl >>> 0) + ((m[y] ?? 0) >>> 0);
  ah = (ah + bh + (m[y + 1] ?? 0) + ((low / 0x1_0000_0000) | 0)) | 0;
  al = low | 0;
  tl = dl ^ al;
  th = dh ^ ah;
  dl = (tl >>> 16) | (th << 16); // by 16
  dh = (th >>> 16) | (tl << 16);
  low = (cl >>> 0) + (dl >>> 0);
  ch = (ch + dh + ((low / 0x1_0000_0000) | 0)) | 0;
  cl = low | 0;
  tl = bl ^ cl;
  th = bh ^ ch;
  bl = (th >>> 31) | (tl << 1); // by 63
  bh = (tl >>> 31) | (th << 1);
  v[a] = al;
  v[a + 1] = ah;
  v[b] = bl;
  v[b + 1] = bh;
  v[c] = cl;
  v[c + 1] = ch;
  v[d] = dl;
  v[d + 1] = dh;
}
