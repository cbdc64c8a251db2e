/** Gas that a transaction pays before it runs (Yellow Paper 6.2; EIP-2028, EIP-2930, EIP-3860). */

/** Longest init code of a transaction (EIP-3860). */
export const initcodeBytesMax: usize = 49_152;

const transactionGas: u64 = 21_000;
const creationGas: u64 = 32_000;
const zeroByteGas: u64 = 4;
const otherByteGas: u64 = 16;
const initcodeWordGas: u64 = 2;
const accessListAddressGas: u64 = 2_400;
const accessListSlotGas: u64 = 1_900;

/** Intrinsic gas; cannot wrap, because every term is at most 32,000 for each byte of memory. */
export function intrinsicGas(
  isCreation: bool,
  data: usize,
  dataLength: usize,
  addresses: u64,
  slots: u64,
): u64 {
  let gas = transactionGas + accessListAddressGas * addresses + accessListSlotGas * slots;
  if (isCreation) gas += creationGas + initcodeWordGas * <u64>((dataLength + 31) >> 5);
  const zeros = zeroBytesIn(data, dataLength);
  return gas + zeroByteGas * zeros + otherByteGas * (<u64>dataLength - zeros);
}

function zeroBytesIn(data: usize, length: usize): u64 {
  const end = data + length;
  let zeros: u64 = 0;
  for (let at = data; at < end; at += 1) zeros += u64(load<u8>(at) === 0);
  return zeros;
}
