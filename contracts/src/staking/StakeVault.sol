// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAdmin, StakeLimits} from "../interfaces/IAdmin.sol";
import {ISequencerRegistry} from "../interfaces/ISequencerRegistry.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";

/// @title StakeVault
/// @notice Specified in IStakeVault.
contract StakeVault is IStakeVault {
    using SafeERC20 for IERC20;

    // Immutables

    IERC20 private immutable _stakeToken;
    IAdmin private immutable _admin;
    ISequencerRegistry private immutable _registry;

    // Storage

    mapping(address owner => uint256 stakeWei) private _stakes;
    /// @inheritdoc IStakeVault
    uint256 public totalLockedWei;

    // Constructor

    constructor(address stakeToken_, address admin, address registry) {
        _stakeToken = IERC20(stakeToken_);
        _admin = IAdmin(admin);
        _registry = ISequencerRegistry(registry);
    }

    // User

    /// @inheritdoc IStakeVault
    function lock(uint256 amountWei) external {
        if (_stakes[msg.sender] != 0) revert AlreadyLocked(msg.sender, _stakes[msg.sender]);
        _increase(amountWei);
        emit StakeLocked(msg.sender, amountWei);
        _pull(amountWei);
    }

    /// @inheritdoc IStakeVault
    function add(uint256 amountWei) external {
        if (_stakes[msg.sender] == 0) revert NotLocked(msg.sender);
        if (amountWei == 0) revert AmountZero();
        uint256 stakeWei = _increase(amountWei);
        emit StakeAdded(msg.sender, amountWei, stakeWei);
        _pull(amountWei);
    }

    // View

    /// @inheritdoc IStakeVault
    function stakeToken() external view returns (address) {
        return address(_stakeToken);
    }

    /// @inheritdoc IStakeVault
    function stakeOf(address owner) external view returns (uint256) {
        return _stakes[owner];
    }

    /// @inheritdoc IStakeVault
    function stakesOf(address[] calldata owners) external view returns (uint256[] memory stakesWei) {
        stakesWei = new uint256[](owners.length);
        for (uint256 i = 0; i < owners.length; ++i) stakesWei[i] = _stakes[owners[i]];
    }

    // Internal

    function _increase(uint256 amountWei) private returns (uint256 stakeWei) {
        if (!_registry.isWhitelisted(msg.sender)) revert OwnerNotWhitelisted(msg.sender);
        StakeLimits memory limits = _admin.stakeLimits();
        stakeWei = _stakes[msg.sender] + amountWei;
        if (stakeWei < limits.minimumWei) revert StakeBelowMinimum(stakeWei, limits.minimumWei);
        if (stakeWei > limits.maximumWei) revert StakeAboveMaximum(stakeWei, limits.maximumWei);
        _stakes[msg.sender] = stakeWei;
        totalLockedWei += amountWei;
    }

    /// @dev Last step: the books are written, and a token that moves another amount undoes them.
    function _pull(uint256 amountWei) private {
        uint256 before = _stakeToken.balanceOf(address(this));
        _stakeToken.safeTransferFrom(msg.sender, address(this), amountWei);
        uint256 received = _stakeToken.balanceOf(address(this)) - before;
        if (received != amountWei) revert TokenAmountMismatch(received, amountWei);
    }
}
