// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice An entry of the forced queue.
/// @param transactionHash keccak256 of the raw transaction, which is also its L2 transaction hash.
/// @param deadlineSeconds L1 time after which no batch is accepted without the entry.
/// @param l1BlockNumber L1 block that holds the entry.
struct ForcedEntry {
    bytes32 transactionHash;
    uint64 deadlineSeconds;
    uint64 l1BlockNumber;
}

/// @title Transactions that the pool must include (T7)
/// @notice Anyone may enqueue a signed L2 transaction; nobody can remove or reorder one. Deadlines never decrease with the
/// position, so the first unconsumed entry has the earliest one.
interface IForcedQueue {
    /// @notice The transaction is empty or too large.
    error TransactionSizeInvalid(uint256 size, uint256 max);
    /// @notice The fee is not the exact one.
    error FeeMismatch(uint256 valueWei, uint256 feeWei);
    /// @notice There is no such entry.
    error PositionUnknown(uint64 position, uint64 length);

    /// @notice A transaction was enqueued.
    event ForcedTransactionEnqueued(
        uint64 indexed position,
        bytes32 indexed transactionHash,
        address indexed sender,
        uint64 deadlineSeconds,
        bytes transaction
    );

    /// @notice Enqueues a raw signed L2 transaction against the exact fee, which is burnt: it stays in this contract, which
    /// cannot pay it out.
    /// @return position Its position, from 0.
    function enqueue(bytes calldata transaction) external payable returns (uint64 position);

    /// @notice Number of entries ever enqueued.
    function length() external view returns (uint64);

    /// @notice An entry.
    function entry(uint64 position) external view returns (ForcedEntry memory);

    /// @notice The length, and the deadline of the entry at `position` (zero if there is none).
    function lengthAndDeadline(uint64 position) external view returns (uint64 queueLength, uint64 deadlineSeconds);
}
