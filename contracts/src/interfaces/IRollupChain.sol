// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchHeader} from "../libraries/BatchHeaders.sol";

/// @notice The end of the accepted chain.
/// @param index Index of the last accepted batch; 0 at genesis.
/// @param lastBlock Its last L2 block.
/// @param queueTo Forced-queue position that the next batch starts from.
/// @param timestamp Timestamp of the last L2 block, seconds.
/// @param lastBlockHash Hash of the last L2 block.
/// @param l1OriginNumber L1 origin of the last L2 block.
/// @param finalAtSeconds L1 time from which the last batch is final.
struct Head {
    uint64 index;
    uint64 lastBlock;
    uint64 queueTo;
    uint64 timestamp;
    bytes32 lastBlockHash;
    uint64 l1OriginNumber;
    uint64 finalAtSeconds;
}

/// @notice An accepted batch. The header is in the event; its hash opens it.
/// @param batchHash EIP-712 digest of the header.
/// @param submittedAtSeconds L1 time of submission.
/// @param finalAtSeconds L1 time from which the batch is final, unless disputed.
/// @param liableBitmap Members of the header's epoch that answer for it.
struct BatchRecord {
    bytes32 batchHash;
    uint64 submittedAtSeconds;
    uint64 finalAtSeconds;
    uint128 liableBitmap;
}

/// @title The chain of accepted batches
/// @notice Accepts a batch only with the aggregate signature of the active epoch and endorsements by >= 2/3 of it (T1), if it
/// extends the last batch without gap or overlap, if its data is what it says, and if no forced transaction is overdue (T7).
/// The sender is anyone: the signature authorises.
interface IRollupChain {
    /// @notice The transaction must come straight from an account without code, so that the data is in its calldata and
    /// a verifier needs no traces.
    error SenderNotExternal(address sender);
    /// @notice The header format is not supported.
    error VersionUnsupported(uint16 version);
    /// @notice The state-transition function is not supported.
    error StfVersionUnsupported(uint16 stfVersion);
    /// @notice The batch is for another L2.
    error ChainIdMismatch(uint64 chainId, uint64 expected);
    /// @notice The batch is not the next one.
    error IndexMismatch(uint64 index, uint64 expected);
    /// @notice The batch does not follow the last one.
    error ParentHashMismatch(bytes32 parentHash, bytes32 expected);
    /// @notice The first block is not the next one.
    error FirstBlockMismatch(uint64 firstBlock, uint64 expected);
    /// @notice The batch has no blocks.
    error BlockRangeEmpty(uint64 firstBlock, uint64 lastBlock);
    /// @notice The first block's parent is not the last block.
    error ParentBlockHashMismatch(bytes32 parentBlockHash, bytes32 expected);
    /// @notice The timestamp does not increase.
    error TimestampNotIncreasing(uint64 timestamp, uint64 previous);
    /// @notice The timestamp is too far after L1's.
    error TimestampInFuture(uint64 timestamp, uint256 max);
    /// @notice The epoch is not the active one.
    error EpochNotActive(uint64 epoch, uint64 activeEpoch);
    /// @notice The kind of data is not supported.
    error DataKindUnsupported(uint8 daKind);
    /// @notice The data is empty or too large.
    error DataSizeInvalid(uint256 size, uint256 max);
    /// @notice The data's size is not the header's.
    error DataSizeMismatch(uint32 daSize, uint256 size);
    /// @notice The data's root is not the header's.
    error DataRootMismatch(bytes32 daRoot, bytes32 computed);
    /// @notice The L1 origin goes back.
    error OriginNotMonotonic(uint64 l1OriginNumber, uint64 previous);
    /// @notice The L1 origin is not an L1 block of this chain, or is too old and has no checkpoint.
    error OriginHashMismatch(uint64 l1OriginNumber, bytes32 l1OriginHash, bytes32 actual);
    /// @notice The batch does not start at the queue pointer.
    error QueueFromMismatch(uint64 queueFrom, uint64 expected);
    /// @notice The queue range goes back or past the end.
    error QueueToInvalid(uint64 queueTo, uint64 queueFrom, uint64 queueLength);
    /// @notice A forced transaction that the batch leaves out has passed its deadline (T7).
    error ForcedTransactionOverdue(uint64 position, uint64 deadlineSeconds);
    /// @notice The scheme names members that an epoch cannot have.
    error LiableBitmapTooWide(uint256 liableBitmap);
    /// @notice There is no such batch.
    error BatchUnknown(uint64 index, uint64 headIndex);
    /// @notice The batch is final.
    error BatchAlreadyFinal(uint64 index, uint64 finalAtSeconds);
    /// @notice The caller is not a registered verdict source.
    error CallerNotVerdictSource(address caller);
    /// @notice The header is not that of the batch before the invalidated one.
    error HeaderMismatch(bytes32 batchHash, bytes32 expected);
    /// @notice The EVM does not know the hash of the L1 block (any more).
    error L1BlockHashUnknown(uint256 l1BlockNumber);

    /// @notice A batch was accepted. Its data is the second argument of the transaction's calldata.
    event BatchSubmitted(
        uint64 indexed index,
        bytes32 indexed batchHash,
        uint64 indexed epoch,
        BatchHeader header,
        uint256 liableBitmap,
        uint64 finalAtSeconds
    );
    /// @notice Batches from `fromIndex` to `toIndex` are void; the head is `fromIndex - 1`.
    event BatchesInvalidated(
        uint64 indexed fromIndex, uint64 toIndex, uint64 queueTo, address indexed verdictSource
    );
    /// @notice The hash of an L1 block is kept for origins older than the EVM's own history.
    event L1BlockCheckpointed(uint256 indexed l1BlockNumber, bytes32 hash);

    /// @notice Submits the next batch.
    /// @param header What the pool signed.
    /// @param data Encoded L2 blocks.
    /// @param proof Proof of the active epoch's scheme over the header's digest.
    function submitBatch(BatchHeader calldata header, bytes calldata data, bytes calldata proof) external;

    /// @notice Voids the batch `index` and all after it. Registered verdict sources only; none of them may be final.
    /// @param index First void batch.
    /// @param parent Header of batch `index - 1`, to which the chain and the queue pointer return (ignored for index 1).
    function invalidateFrom(uint64 index, BatchHeader calldata parent) external;

    /// @notice Keeps the hash of an L1 block that the EVM still knows. Anyone.
    function checkpointL1Block(uint256 l1BlockNumber) external;

    /// @notice EIP-712 digest of a header: the batch hash, which the pool signs.
    function hashHeader(BatchHeader calldata header) external view returns (bytes32);

    /// @notice EIP-712 domain separator of everything signed in this network.
    function domainSeparator() external view returns (bytes32);

    /// @notice The end of the accepted chain.
    function head() external view returns (Head memory);

    /// @notice An accepted batch.
    function getBatch(uint64 index) external view returns (BatchRecord memory);

    /// @notice Whether the batch is accepted and its challenge window has passed. Batch 0 (genesis) always is.
    function isFinal(uint64 index) external view returns (bool);

    /// @notice Index of the last final batch.
    function finalIndex() external view returns (uint64);

    /// @notice L2 chain id.
    function l2ChainId() external view returns (uint64);

    /// @notice Hash of L2 block 0.
    function genesisBlockHash() external view returns (bytes32);

    /// @notice State root of L2 block 0.
    function genesisStateRoot() external view returns (bytes32);

    /// @notice Timestamp of L2 block 0, seconds.
    function genesisTimestamp() external view returns (uint64);

    /// @notice A checkpointed L1 block hash, zero if none.
    function l1BlockCheckpoint(uint256 l1BlockNumber) external view returns (bytes32);
}
