// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAdmin, RollupParameters, StakeLimits} from "../interfaces/IAdmin.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";

/// @title Admin
/// @notice Specified in IAdmin.
contract Admin is IAdmin {
    // Immutables

    /// @inheritdoc IAdmin
    address public immutable timelock;
    /// @notice Floor of the challenge window, seconds: Admin cannot end disputes by shortening it.
    uint32 public immutable challengeWindowSecondsMin;

    // Constants: bounds of the parameters

    uint256 internal constant STAKE_WEI_MAX = type(uint96).max;
    uint256 internal constant CHALLENGE_WINDOW_SECONDS_MAX = 60 days;
    uint256 internal constant FORCED_INCLUSION_SECONDS_MIN = 10;
    uint256 internal constant FORCED_INCLUSION_SECONDS_MAX = 30 days;
    uint256 internal constant BYTES_MIN = 1024;
    uint256 internal constant BYTES_MAX = 128 * 1024;
    uint256 internal constant TIMESTAMP_DRIFT_SECONDS_MIN = 30;
    uint256 internal constant TIMESTAMP_DRIFT_SECONDS_MAX = 1 days;
    uint256 internal constant FORCED_FEE_WEI_MAX = 0.01 ether;

    // Storage

    StakeLimits private _stakeLimits;
    RollupParameters private _rollupParameters;
    /// @inheritdoc IAdmin
    mapping(bytes32 schemeId => address scheme) public schemeOf;
    /// @inheritdoc IAdmin
    mapping(address source => bool) public isVerdictSource;

    // Constructor

    /// @param timelock_ The only caller of the setters.
    /// @param limits Initial stake limits.
    /// @param parameters Initial rollup parameters; their challenge window is its floor.
    /// @param schemes Schemes that epochs can use from the start.
    constructor(
        address timelock_,
        StakeLimits memory limits,
        RollupParameters memory parameters,
        address[] memory schemes
    ) {
        timelock = timelock_;
        _requireBounds("challengeWindowSeconds", parameters.challengeWindowSeconds, 1, CHALLENGE_WINDOW_SECONDS_MAX);
        challengeWindowSecondsMin = parameters.challengeWindowSeconds;
        _setStakeLimits(limits);
        _setRollupParameters(parameters, parameters.challengeWindowSeconds);
        for (uint256 i = 0; i < schemes.length; ++i) _registerScheme(schemes[i]);
    }

    // Modifiers

    modifier onlyTimelock() {
        if (msg.sender != timelock) revert CallerNotTimelock(msg.sender);
        _;
    }

    // Timelock

    /// @inheritdoc IAdmin
    function setStakeLimits(StakeLimits calldata limits) external onlyTimelock {
        _setStakeLimits(limits);
    }

    /// @inheritdoc IAdmin
    function setRollupParameters(RollupParameters calldata parameters) external onlyTimelock {
        _setRollupParameters(parameters, challengeWindowSecondsMin);
    }

    /// @inheritdoc IAdmin
    function registerScheme(address scheme) external onlyTimelock {
        _registerScheme(scheme);
    }

    /// @inheritdoc IAdmin
    function registerVerdictSource(address source) external onlyTimelock {
        if (isVerdictSource[source]) revert VerdictSourceAlreadyRegistered(source);
        if (source.code.length == 0) revert NotAContract(source);
        isVerdictSource[source] = true;
        emit VerdictSourceRegistered(source);
    }

    // View

    /// @inheritdoc IAdmin
    function stakeLimits() external view returns (StakeLimits memory) {
        return _stakeLimits;
    }

    /// @inheritdoc IAdmin
    function rollupParameters() external view returns (RollupParameters memory) {
        return _rollupParameters;
    }

    // Internal

    function _setStakeLimits(StakeLimits memory limits) private {
        _requireBounds("minimumWei", limits.minimumWei, 1, STAKE_WEI_MAX);
        _requireBounds("maximumWei", limits.maximumWei, 1, STAKE_WEI_MAX);
        if (limits.minimumWei > limits.maximumWei) revert StakeLimitsInverted(limits.minimumWei, limits.maximumWei);
        _stakeLimits = limits;
        emit StakeLimitsSet(limits.minimumWei, limits.maximumWei);
    }

    function _setRollupParameters(RollupParameters memory p, uint256 windowMin) private {
        _requireBounds("challengeWindowSeconds", p.challengeWindowSeconds, windowMin, CHALLENGE_WINDOW_SECONDS_MAX);
        _requireBounds(
            "forcedInclusionSeconds", p.forcedInclusionSeconds, FORCED_INCLUSION_SECONDS_MIN, FORCED_INCLUSION_SECONDS_MAX
        );
        _requireBounds("forcedTransactionBytesMax", p.forcedTransactionBytesMax, BYTES_MIN, BYTES_MAX);
        _requireBounds("batchBytesMax", p.batchBytesMax, BYTES_MIN, BYTES_MAX);
        _requireBounds(
            "timestampDriftSecondsMax", p.timestampDriftSecondsMax, TIMESTAMP_DRIFT_SECONDS_MIN, TIMESTAMP_DRIFT_SECONDS_MAX
        );
        _requireBounds("forcedFeeWei", p.forcedFeeWei, 0, FORCED_FEE_WEI_MAX);
        _rollupParameters = p;
        emit RollupParametersSet(p);
    }

    function _registerScheme(address scheme) private {
        if (scheme.code.length == 0) revert NotAContract(scheme);
        bytes32 schemeId = ISignatureScheme(scheme).schemeId();
        if (schemeOf[schemeId] != address(0)) revert SchemeAlreadyRegistered(schemeId, schemeOf[schemeId]);
        schemeOf[schemeId] = scheme;
        emit SchemeRegistered(schemeId, scheme);
    }

    function _requireBounds(bytes32 name, uint256 value, uint256 min, uint256 max) private pure {
        if (value < min || value > max) revert ParameterOutOfBounds(name, value, min, max);
    }
}
