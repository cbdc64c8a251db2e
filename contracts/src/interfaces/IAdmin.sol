// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Limits of one operator's stake, wei of the stake token.
struct StakeLimits {
    uint128 minimumWei;
    uint128 maximumWei;
}

/// @notice Parameters of the rollup.
/// @param challengeWindowSeconds Time in which a batch can be disputed; a batch keeps the one of its submission.
/// @param forcedInclusionSeconds Time from a forced transaction's entry to its deadline (T7).
/// @param forcedTransactionBytesMax Largest forced transaction.
/// @param batchBytesMax Largest batch data.
/// @param timestampDriftSecondsMax How far a batch's timestamp may be after L1's.
/// @param forcedFeeWei Ether burnt for each forced transaction.
struct RollupParameters {
    uint32 challengeWindowSeconds;
    uint32 forcedInclusionSeconds;
    uint32 forcedTransactionBytesMax;
    uint32 batchBytesMax;
    uint32 timestampDriftSecondsMax;
    uint96 forcedFeeWei;
}

/// @title What Admin decides, behind the timelock
/// @notice Every setter is callable by the timelock only. The bounds are fixed at deployment, so that no proposal can
/// close the forced queue, end disputes or lock operators out by extreme values. Registrations are append-only.
interface IAdmin {
    /// @notice The caller is not the timelock.
    error CallerNotTimelock(address caller);
    /// @notice A parameter is outside its bounds.
    error ParameterOutOfBounds(bytes32 name, uint256 value, uint256 min, uint256 max);
    /// @notice The minimum stake is above the maximum.
    error StakeLimitsInverted(uint256 minimumWei, uint256 maximumWei);
    /// @notice The scheme id has an implementation; a registered scheme is never replaced.
    error SchemeAlreadyRegistered(bytes32 schemeId, address scheme);
    /// @notice The address has no code.
    error NotAContract(address account);
    /// @notice The address is a verdict source already.
    error VerdictSourceAlreadyRegistered(address source);

    /// @notice Stake limits changed.
    event StakeLimitsSet(uint128 minimumWei, uint128 maximumWei);
    /// @notice Rollup parameters changed.
    event RollupParametersSet(RollupParameters parameters);
    /// @notice A signature scheme can be used by epochs registered from now on.
    event SchemeRegistered(bytes32 indexed schemeId, address indexed scheme);
    /// @notice A contract's verdicts can invalidate batches from now on.
    event VerdictSourceRegistered(address indexed source);

    /// @notice The only caller of the setters.
    function timelock() external view returns (address);

    /// @notice Sets the stake limits; stakes locked before stay as they are.
    function setStakeLimits(StakeLimits calldata limits) external;

    /// @notice Sets the rollup parameters.
    function setRollupParameters(RollupParameters calldata parameters) external;

    /// @notice Registers a signature scheme under its id.
    function registerScheme(address scheme) external;

    /// @notice Registers a contract whose verdicts invalidate batches (a dispute game).
    function registerVerdictSource(address source) external;

    /// @notice Current stake limits.
    function stakeLimits() external view returns (StakeLimits memory);

    /// @notice Current rollup parameters.
    function rollupParameters() external view returns (RollupParameters memory);

    /// @notice Implementation of a scheme, zero if none.
    function schemeOf(bytes32 schemeId) external view returns (address);

    /// @notice Whether the account may invalidate batches.
    function isVerdictSource(address account) external view returns (bool);
}
