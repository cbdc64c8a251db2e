/** What instructions can see of the block and of the transaction. Set by the block or the call, read by the EVM. */

/** Block values. Addresses are 20 bytes, hashes 32 bytes big-endian, words four u64, least significant first. */
@unmanaged
export class BlockEnvironment {
  number: u64;
  /** Seconds since 1970. */
  timestamp: u64;
  gasLimit: u64;
  chainId: u64;
  /** Address. */
  coinbase: usize;
  /** Hash. */
  prevRandao: usize;
  /** Word, wei. */
  baseFee: usize;
}

/** Transaction values. */
@unmanaged
export class TransactionEnvironment {
  /** Address. */
  origin: usize;
  /** Effective price, word, wei. */
  gasPrice: usize;
}

/** The block that is executed. */
export const block = changetype<BlockEnvironment>(memory.data(offsetof<BlockEnvironment>()));
/** The transaction that is executed. */
export const transaction = changetype<TransactionEnvironment>(
  memory.data(offsetof<TransactionEnvironment>()),
);
