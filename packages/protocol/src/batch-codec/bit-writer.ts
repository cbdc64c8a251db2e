/** Bits of a DEFLATE stream, least significant first (RFC 1951, 3.1.1). */

/** A growing byte buffer that is filled bit by bit. */
export type BitWriter = {
  bytes: Uint8Array;
  byteLength: number;
  pending: number;
  pendingBits: number;
};

export function newBitWriter(capacityBytes: number): BitWriter {
  return { bytes: new Uint8Array(capacityBytes), byteLength: 0, pending: 0, pendingBits: 0 };
}

/** Appends `count` (0..16) low bits of `value`. */
export function writeBits(writer: BitWriter, value: number, count: number): void {
  writer.pending |= value << writer.pendingBits;
  writer.pendingBits += count;
  while (writer.pendingBits >= 8) {
    pushByte(writer, writer.pending & 0xff);
    writer.pending >>>= 8;
    writer.pendingBits -= 8;
  }
}

/** Appends a Huffman code, which DEFLATE packs most significant bit first. */
export function writeCode(writer: BitWriter, code: number, count: number): void {
  let reversed = 0;
  for (let bit = 0; bit < count; bit += 1) reversed |= ((code >> bit) & 1) << (count - 1 - bit);
  writeBits(writer, reversed, count);
}

/** Fills the current byte with zero bits. */
export function alignToByte(writer: BitWriter): void {
  if (writer.pendingBits > 0) writeBits(writer, 0, 8 - writer.pendingBits);
}

/** Appends whole bytes; the writer stands on a byte boundary. */
export function writeBytes(writer: BitWriter, bytes: Uint8Array): void {
  reserve(writer, bytes.length);
  writer.bytes.set(bytes, writer.byteLength);
  writer.byteLength += bytes.length;
}

/** The stream so far, its last byte filled with zero bits. */
export function finishedBytes(writer: BitWriter): Uint8Array {
  alignToByte(writer);
  return writer.bytes.slice(0, writer.byteLength);
}

function pushByte(writer: BitWriter, byte: number): void {
  reserve(writer, 1);
  writer.bytes[writer.byteLength] = byte;
  writer.byteLength += 1;
}

function reserve(writer: BitWriter, count: number): void {
  const needed = writer.byteLength + count;
  if (needed <= writer.bytes.length) return;
  const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
  grown.set(writer.bytes.subarray(0, writer.byteLength));
  writer.bytes = grown;
}
