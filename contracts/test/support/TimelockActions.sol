// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Timelock} from "../../src/admin/Timelock.sol";
import {Test} from "./Test.sol";

/// @notice Does something as Admin: propose, wait, execute.
abstract contract TimelockActions is Test {
    function schedule(Timelock timelock, address proposer, address target, bytes memory call) internal {
        uint256 delay = timelock.getMinDelay();
        vm.prank(proposer);
        timelock.schedule(target, 0, call, bytes32(0), bytes32(0), delay);
    }

    function act(Timelock timelock, address proposer, address target, bytes memory call) internal {
        schedule(timelock, proposer, target, call);
        vm.warp(block.timestamp + timelock.getMinDelay());
        timelock.execute(target, 0, call, bytes32(0), bytes32(0));
    }
}
