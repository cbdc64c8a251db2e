// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Stake of the operators
/// @notice A whitelisted owner locks stake within the limits of Admin and may add to it. Nobody can move a stake.
interface IStakeVault {
    /// @notice The caller is not whitelisted.
    error OwnerNotWhitelisted(address owner);
    /// @notice The caller has a stake; use `add`.
    error AlreadyLocked(address owner, uint256 stakeWei);
    /// @notice The caller has no stake; use `lock`.
    error NotLocked(address owner);
    /// @notice The amount is zero.
    error AmountZero();
    /// @notice The stake would be below the minimum.
    error StakeBelowMinimum(uint256 stakeWei, uint256 minimumWei);
    /// @notice The stake would be above the maximum.
    error StakeAboveMaximum(uint256 stakeWei, uint256 maximumWei);
    /// @notice The token moved another amount than asked (fee on transfer).
    error TokenAmountMismatch(uint256 received, uint256 expected);

    /// @notice An owner locked its first stake.
    event StakeLocked(address indexed owner, uint256 stakeWei);
    /// @notice An owner added to its stake.
    event StakeAdded(address indexed owner, uint256 addedWei, uint256 stakeWei);

    /// @notice Locks the caller's first stake; the vault must be approved for it.
    function lock(uint256 amountWei) external;

    /// @notice Adds to the caller's stake.
    function add(uint256 amountWei) external;

    /// @notice The token that is staked.
    function stakeToken() external view returns (address);

    /// @notice Stake of an owner.
    function stakeOf(address owner) external view returns (uint256);

    /// @notice Stakes of several owners.
    function stakesOf(address[] calldata owners) external view returns (uint256[] memory);

    /// @notice Sum of all stakes.
    function totalLockedWei() external view returns (uint256);
}
