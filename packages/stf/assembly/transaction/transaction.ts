/** A decoded transaction. Pointers go into its raw bytes, which stay where they are for the whole run. */

/** Addresses are 20 bytes, hashes 32 bytes, words four u64, least significant first. */
@unmanaged
export class Transaction {
  raw: usize;
  rawLength: usize;
  /** 0 legacy, 1 EIP-2930, 2 EIP-1559. */
  type: u32;
  /** Whether the signature covers a chain id: always, but for legacy ones from before EIP-155. */
  isProtected: bool;
  /** Whether the nonce is 2^64 - 1 or more (EIP-2681). */
  isNonceMax: bool;
  /** Meaningless when `isNonceMax`. */
  nonce: u64;
  gasLimit: u64;
  /** Address; 0 for a creation. */
  to: usize;
  data: usize;
  dataLength: usize;
  /** Content of the access list. */
  accessList: usize;
  accessListLength: usize;
  accessListAddresses: u64;
  accessListSlots: u64;
  /** What is signed: from the first field to before the signature's three. */
  fields: usize;
  fieldsLength: usize;
  /** 0 or 1: which of the two keys that match r and s. */
  yParity: u64;
  /** Gas that is paid before the execution; set by `parseTransaction`. */
  intrinsicGas: u64;
  chainId0: u64;
  chainId1: u64;
  chainId2: u64;
  chainId3: u64;
  feeCap0: u64;
  feeCap1: u64;
  feeCap2: u64;
  feeCap3: u64;
  tip0: u64;
  tip1: u64;
  tip2: u64;
  tip3: u64;
  value0: u64;
  value1: u64;
  value2: u64;
  value3: u64;
  v0: u64;
  v1: u64;
  v2: u64;
  v3: u64;
  r0: u64;
  r1: u64;
  r2: u64;
  r3: u64;
  s0: u64;
  s1: u64;
  s2: u64;
  s3: u64;
  gasCost0: u64;
  gasCost1: u64;
  gasCost2: u64;
  gasCost3: u64;
  price0: u64;
  price1: u64;
  price2: u64;
  price3: u64;
  hash0: u64;
  hash1: u64;
  hash2: u64;
  hash3: u64;
  sender0: u64;
  sender1: u64;
  sender2: u32;

  /** Word; typed transactions only. */
  get chainId(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("chainId0");
  }
  /** Word, wei: maxFeePerGas, or the gas price of types 0 and 1. */
  get feeCap(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("feeCap0");
  }
  /** Word, wei: maxPriorityFeePerGas, or the gas price of types 0 and 1. */
  get tip(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("tip0");
  }
  /** Word, wei. */
  get value(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("value0");
  }
  /** Word, as encoded. */
  get v(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("v0");
  }
  /** Word. */
  get r(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("r0");
  }
  /** Word. */
  get s(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("s0");
  }
  /** Word, wei: gas limit times fee cap; set by `parseTransaction`. */
  get gasCost(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("gasCost0");
  }
  /** Word, wei: what a unit of gas costs; set by `setPrice`. */
  get price(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("price0");
  }
  /** Hash of the raw bytes; set by who needs it. */
  get hash(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("hash0");
  }
  /** Address; set by `recoverSender`. */
  get sender(): usize {
    return changetype<usize>(this) + offsetof<Transaction>("sender0");
  }
}
