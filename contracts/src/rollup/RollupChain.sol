// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAdmin, RollupParameters} from "../interfaces/IAdmin.sol";
import {IEpochRegistry} from "../interfaces/IEpochRegistry.sol";
import {IForcedQueue} from "../interfaces/IForcedQueue.sol";
import {BatchRecord, Head, IRollupChain} from "../interfaces/IRollupChain.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";
import {BatchHeader, BatchHeaders} from "../libraries/BatchHeaders.sol";
import {ChunkMerkle} from "../libraries/ChunkMerkle.sol";
import {L1BlockHashes} from "../libraries/L1BlockHashes.sol";
import {SequorumDomain} from "../libraries/SequorumDomain.sol";

/// @notice L2 block 0 and where the chain of batches starts.
struct RollupGenesis {
    uint64 l2ChainId;
    uint64 timestamp;
    bytes32 blockHash;
    bytes32 stateRoot;
}

/// @title RollupChain
/// @notice Specified in IRollupChain.
contract RollupChain is IRollupChain {
    // Constants

    uint16 internal constant HEADER_VERSION = 1;
    uint16 internal constant STF_VERSION = 1;
    uint8 internal constant DATA_KIND_CALLDATA = 1;

    // Immutables

    IAdmin private immutable _admin;
    IEpochRegistry private immutable _epochs;
    IForcedQueue private immutable _queue;
    /// @inheritdoc IRollupChain
    uint64 public immutable l2ChainId;
    /// @inheritdoc IRollupChain
    uint64 public immutable genesisTimestamp;
    /// @inheritdoc IRollupChain
    bytes32 public immutable genesisBlockHash;
    /// @inheritdoc IRollupChain
    bytes32 public immutable genesisStateRoot;

    // Storage

    Head private _head;
    /// @dev Records above the head are void: invalidation leaves them to be overwritten.
    mapping(uint64 index => BatchRecord) private _batches;
    /// @inheritdoc IRollupChain
    mapping(uint256 l1BlockNumber => bytes32 hash) public l1BlockCheckpoint;

    // Constructor

    constructor(address admin, address epochRegistry, address forcedQueue, RollupGenesis memory genesis) {
        _admin = IAdmin(admin);
        _epochs = IEpochRegistry(epochRegistry);
        _queue = IForcedQueue(forcedQueue);
        l2ChainId = genesis.l2ChainId;
        genesisTimestamp = genesis.timestamp;
        genesisBlockHash = genesis.blockHash;
        genesisStateRoot = genesis.stateRoot;
        _head.lastBlockHash = genesis.blockHash;
        _head.timestamp = genesis.timestamp;
    }

    // User

    /// @inheritdoc IRollupChain
    function submitBatch(BatchHeader calldata header, bytes calldata data, bytes calldata proof) external {
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert SenderNotExternal(msg.sender);
        Head memory last = _head;
        RollupParameters memory parameters = _admin.rollupParameters();
        _requireFormat(header);
        _requireContinuity(header, last);
        _requireTimestamp(header.timestamp, last.timestamp, parameters.timestampDriftSecondsMax);
        _requireOrigin(header, last.l1OriginNumber);
        _requireQueue(header, last.queueTo);
        _requireData(header, data, parameters.batchBytesMax);
        bytes32 batchHash = hashHeader(header);
        uint256 liableBitmap = _requireAuthorised(header.epoch, batchHash, proof);

        uint64 finalAtSeconds = _finalAt(last.finalAtSeconds, parameters.challengeWindowSeconds);
        _batches[header.index] =
            BatchRecord(batchHash, uint64(block.timestamp), finalAtSeconds, uint128(liableBitmap));
        _setHead(header, finalAtSeconds);
        emit BatchSubmitted(header.index, batchHash, header.epoch, header, liableBitmap, finalAtSeconds);
    }

    /// @inheritdoc IRollupChain
    function invalidateFrom(uint64 index, BatchHeader calldata parent) external {
        if (!_admin.isVerdictSource(msg.sender)) revert CallerNotVerdictSource(msg.sender);
        uint64 headIndex = _head.index;
        if (index == 0 || index > headIndex) revert BatchUnknown(index, headIndex);
        uint64 finalAtSeconds = _batches[index].finalAtSeconds;
        if (block.timestamp >= finalAtSeconds) revert BatchAlreadyFinal(index, finalAtSeconds);

        if (index == 1) {
            _head = Head(0, 0, 0, genesisTimestamp, genesisBlockHash, 0, 0);
        } else {
            BatchRecord storage parentRecord = _batches[index - 1];
            bytes32 parentHash = hashHeader(parent);
            if (parentHash != parentRecord.batchHash) revert HeaderMismatch(parentHash, parentRecord.batchHash);
            _setHead(parent, parentRecord.finalAtSeconds);
        }
        emit BatchesInvalidated(index, headIndex, _head.queueTo, msg.sender);
    }

    /// @inheritdoc IRollupChain
    function checkpointL1Block(uint256 l1BlockNumber) external {
        bytes32 hash = L1BlockHashes.recent(l1BlockNumber);
        if (hash == bytes32(0)) revert L1BlockHashUnknown(l1BlockNumber);
        l1BlockCheckpoint[l1BlockNumber] = hash;
        emit L1BlockCheckpointed(l1BlockNumber, hash);
    }

    // View

    /// @inheritdoc IRollupChain
    function hashHeader(BatchHeader calldata header) public view returns (bytes32) {
        return SequorumDomain.digest(address(this), BatchHeaders.structHash(header));
    }

    /// @inheritdoc IRollupChain
    function domainSeparator() external view returns (bytes32) {
        return SequorumDomain.separator(address(this));
    }

    /// @inheritdoc IRollupChain
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc IRollupChain
    function getBatch(uint64 index) external view returns (BatchRecord memory) {
        if (index == 0 || index > _head.index) revert BatchUnknown(index, _head.index);
        return _batches[index];
    }

    /// @inheritdoc IRollupChain
    function isFinal(uint64 index) public view returns (bool) {
        return index <= _head.index && block.timestamp >= _batches[index].finalAtSeconds;
    }

    /// @inheritdoc IRollupChain
    function finalIndex() external view returns (uint64) {
        // Final times never decrease with the index: the last final batch is found by bisection.
        uint64 low = 0;
        uint64 high = _head.index;
        while (low < high) {
            uint64 middle = low + (high - low + 1) / 2;
            if (isFinal(middle)) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    // Internal

    function _requireFormat(BatchHeader calldata header) private view {
        if (header.version != HEADER_VERSION) revert VersionUnsupported(header.version);
        if (header.stfVersion != STF_VERSION) revert StfVersionUnsupported(header.stfVersion);
        if (header.chainId != l2ChainId) revert ChainIdMismatch(header.chainId, l2ChainId);
        if (header.daKind != DATA_KIND_CALLDATA) revert DataKindUnsupported(header.daKind);
    }

    function _requireContinuity(BatchHeader calldata header, Head memory last) private view {
        if (header.index != last.index + 1) revert IndexMismatch(header.index, last.index + 1);
        bytes32 parentHash = _batches[last.index].batchHash; // zero for genesis
        if (header.parentHash != parentHash) revert ParentHashMismatch(header.parentHash, parentHash);
        if (header.firstBlock != last.lastBlock + 1) revert FirstBlockMismatch(header.firstBlock, last.lastBlock + 1);
        if (header.lastBlock < header.firstBlock) revert BlockRangeEmpty(header.firstBlock, header.lastBlock);
        if (header.parentBlockHash != last.lastBlockHash) {
            revert ParentBlockHashMismatch(header.parentBlockHash, last.lastBlockHash);
        }
    }

    function _requireTimestamp(uint64 timestamp, uint64 previous, uint256 driftSecondsMax) private view {
        if (timestamp <= previous) revert TimestampNotIncreasing(timestamp, previous);
        uint256 max = block.timestamp + driftSecondsMax;
        if (timestamp > max) revert TimestampInFuture(timestamp, max);
    }

    /// @dev No L1 block at or above the current one has a known hash, so the origin is below the head.
    function _requireOrigin(BatchHeader calldata header, uint64 previous) private view {
        if (header.l1OriginNumber < previous) revert OriginNotMonotonic(header.l1OriginNumber, previous);
        bytes32 actual = L1BlockHashes.recent(header.l1OriginNumber);
        if (actual == bytes32(0)) actual = l1BlockCheckpoint[header.l1OriginNumber];
        if (actual == bytes32(0) || actual != header.l1OriginHash) {
            revert OriginHashMismatch(header.l1OriginNumber, header.l1OriginHash, actual);
        }
    }

    function _requireQueue(BatchHeader calldata header, uint64 pointer) private view {
        if (header.queueFrom != pointer) revert QueueFromMismatch(header.queueFrom, pointer);
        (uint64 queueLength, uint64 deadlineSeconds) = _queue.lengthAndDeadline(header.queueTo);
        if (header.queueTo < header.queueFrom || header.queueTo > queueLength) {
            revert QueueToInvalid(header.queueTo, header.queueFrom, queueLength);
        }
        // The first entry left out has the earliest deadline of those left out.
        if (header.queueTo < queueLength && block.timestamp > deadlineSeconds) {
            revert ForcedTransactionOverdue(header.queueTo, deadlineSeconds);
        }
    }

    function _requireData(BatchHeader calldata header, bytes calldata data, uint256 bytesMax) private pure {
        if (data.length == 0 || data.length > bytesMax) revert DataSizeInvalid(data.length, bytesMax);
        if (header.daSize != data.length) revert DataSizeMismatch(header.daSize, data.length);
        bytes32 computed = ChunkMerkle.root(data);
        if (header.daRoot != computed) revert DataRootMismatch(header.daRoot, computed);
    }

    function _requireAuthorised(uint64 epoch, bytes32 batchHash, bytes calldata proof)
        private
        view
        returns (uint256 liableBitmap)
    {
        (uint64 activeEpoch, address scheme) = _epochs.activeScheme();
        if (epoch != activeEpoch || activeEpoch == 0) revert EpochNotActive(epoch, activeEpoch);
        liableBitmap = ISignatureScheme(scheme).verify(epoch, batchHash, proof);
        if (liableBitmap > type(uint128).max) revert LiableBitmapTooWide(liableBitmap);
    }

    /// @dev A shortened window must not make a batch final before its ancestor.
    function _finalAt(uint64 previous, uint32 windowSeconds) private view returns (uint64) {
        uint64 finalAtSeconds = uint64(block.timestamp) + windowSeconds;
        return finalAtSeconds < previous ? previous : finalAtSeconds;
    }

    function _setHead(BatchHeader calldata header, uint64 finalAtSeconds) private {
        _head = Head({
            index: header.index,
            lastBlock: header.lastBlock,
            queueTo: header.queueTo,
            timestamp: header.timestamp,
            lastBlockHash: header.lastBlockHash,
            l1OriginNumber: header.l1OriginNumber,
            finalAtSeconds: finalAtSeconds
        });
    }
}
