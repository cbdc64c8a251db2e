// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The delay in front of Admin
/// @notice OpenZeppelin's timelock without an administrator of its own: proposers are fixed at deployment and change only through
/// the timelock; anyone may execute an operation that is due. The delay of the deployment is a floor.
contract Timelock is TimelockController {
    /// @notice The delay would be zero.
    error DelayZero();
    /// @notice There is no proposer.
    error ProposersEmpty();

    /// @notice Least delay of any operation, for ever.
    uint256 public immutable delaySecondsMin;

    constructor(uint256 delaySeconds, address[] memory proposers)
        TimelockController(delaySeconds, proposers, _anyone(), address(0))
    {
        if (delaySeconds == 0) revert DelayZero();
        if (proposers.length == 0) revert ProposersEmpty();
        delaySecondsMin = delaySeconds;
    }

    /// @inheritdoc TimelockController
    function getMinDelay() public view override returns (uint256) {
        uint256 delaySeconds = super.getMinDelay();
        return delaySeconds < delaySecondsMin ? delaySecondsMin : delaySeconds;
    }

    function _anyone() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
