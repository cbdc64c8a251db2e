// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAdmin, RollupParameters} from "../interfaces/IAdmin.sol";
import {ForcedEntry, IForcedQueue} from "../interfaces/IForcedQueue.sol";

/// @title ForcedQueue
/// @notice Specified in IForcedQueue.
contract ForcedQueue is IForcedQueue {
    // Immutables

    IAdmin private immutable _admin;

    // Storage

    ForcedEntry[] private _entries;

    // Constructor

    constructor(address admin) {
        _admin = IAdmin(admin);
    }

    // User

    /// @inheritdoc IForcedQueue
    function enqueue(bytes calldata transaction) external payable returns (uint64 position) {
        RollupParameters memory parameters = _admin.rollupParameters();
        if (transaction.length == 0 || transaction.length > parameters.forcedTransactionBytesMax) {
            revert TransactionSizeInvalid(transaction.length, parameters.forcedTransactionBytesMax);
        }
        if (msg.value != parameters.forcedFeeWei) revert FeeMismatch(msg.value, parameters.forcedFeeWei);

        position = uint64(_entries.length);
        uint64 deadlineSeconds = uint64(block.timestamp) + parameters.forcedInclusionSeconds;
        // A parameter that was shortened meanwhile must not give a later entry an earlier deadline.
        if (position > 0 && _entries[position - 1].deadlineSeconds > deadlineSeconds) {
            deadlineSeconds = _entries[position - 1].deadlineSeconds;
        }
        bytes32 transactionHash = keccak256(transaction);
        _entries.push(ForcedEntry(transactionHash, deadlineSeconds, uint64(block.number)));
        emit ForcedTransactionEnqueued(position, transactionHash, msg.sender, deadlineSeconds, transaction);
    }

    // View

    /// @inheritdoc IForcedQueue
    function length() external view returns (uint64) {
        return uint64(_entries.length);
    }

    /// @inheritdoc IForcedQueue
    function entry(uint64 position) external view returns (ForcedEntry memory) {
        if (position >= _entries.length) revert PositionUnknown(position, uint64(_entries.length));
        return _entries[position];
    }

    /// @inheritdoc IForcedQueue
    function lengthAndDeadline(uint64 position) external view returns (uint64 queueLength, uint64 deadlineSeconds) {
        queueLength = uint64(_entries.length);
        if (position < queueLength) deadlineSeconds = _entries[position].deadlineSeconds;
    }
}
