/** Byte strings in linear memory. Loops over 8 bytes at a time: bulk-memory instructions are not in the allow-list. */

/** Copies `length` bytes; the ranges do not overlap, or `destination` is the lower one. */
export function copyBytes(destination: usize, source: usize, length: usize): void {
  const end = source + length;
  while (source + 8 <= end) {
    store<u64>(destination, load<u64>(source));
    source += 8;
    destination += 8;
  }
  while (source < end) {
    store<u8>(destination, load<u8>(source));
    source += 1;
    destination += 1;
  }
}

/** As `copyBytes` for ranges that may overlap in any way. */
export function moveBytes(destination: usize, source: usize, length: usize): void {
  if (destination <= source || destination >= source + length) {
    copyBytes(destination, source, length);
    return;
  }
  let left = length;
  while (left >= 8) {
    left -= 8;
    store<u64>(destination + left, load<u64>(source + left));
  }
  while (left > 0) {
    left -= 1;
    store<u8>(destination + left, load<u8>(source + left));
  }
}

/** Fills with zeros. */
export function zeroBytes(destination: usize, length: usize): void {
  const end = destination + length;
  while (destination + 8 <= end) {
    store<u64>(destination, 0);
    destination += 8;
  }
  while (destination < end) {
    store<u8>(destination, 0);
    destination += 1;
  }
}

/** Whether two byte strings of one length are equal. */
export function equalBytes(a: usize, b: usize, length: usize): bool {
  const end = a + length;
  while (a + 8 <= end) {
    if (load<u64>(a) !== load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  while (a < end) {
    if (load<u8>(a) !== load<u8>(b)) return false;
    a += 1;
    b += 1;
  }
  return true;
}

/** Copies an address (20 bytes). */
export function copyAddress(destination: usize, source: usize): void {
  store<u64>(destination, load<u64>(source));
  store<u64>(destination, load<u64>(source, 8), 8);
  store<u32>(destination, load<u32>(source, 16), 16);
}

/** Whether two addresses (20 bytes) are equal. */
export function equalAddresses(a: usize, b: usize): bool {
  return (
    load<u64>(a) === load<u64>(b) &&
    load<u64>(a, 8) === load<u64>(b, 8) &&
    load<u32>(a, 16) === load<u32>(b, 16)
  );
}

/** Copies a hash or a word (32 bytes). */
export function copy32(destination: usize, source: usize): void {
  store<u64>(destination, load<u64>(source));
  store<u64>(destination, load<u64>(source, 8), 8);
  store<u64>(destination, load<u64>(source, 16), 16);
  store<u64>(destination, load<u64>(source, 24), 24);
}

/** Whether two hashes or words (32 bytes) are equal. */
export function equal32(a: usize, b: usize): bool {
  return (
    load<u64>(a) === load<u64>(b) &&
    load<u64>(a, 8) === load<u64>(b, 8) &&
    load<u64>(a, 16) === load<u64>(b, 16) &&
    load<u64>(a, 24) === load<u64>(b, 24)
  );
}
