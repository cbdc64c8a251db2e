// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Timelock} from "../src/admin/Timelock.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract TimelockTest is PoolFixture, TimelockActions {
    function setUp() public {
        deployContracts();
    }

    function test_the_deployer_has_no_role() public view {
        vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(this)), "admin");
        vm.assertFalse(timelock.hasRole(timelock.PROPOSER_ROLE(), address(this)), "proposer");
        vm.assertFalse(timelock.hasRole(timelock.CANCELLER_ROLE(), address(this)), "canceller");
        vm.assertFalse(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), proposer), "the proposer is no administrator");
        vm.assertTrue(timelock.hasRole(timelock.DEFAULT_ADMIN_ROLE(), address(timelock)), "self-administered");
    }

    function testFuzz_only_proposers_propose(address caller) public {
        vm.assume(caller != proposer);
        bytes32 role = timelock.PROPOSER_ROLE();
        vm.prank(caller);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, role)
        );
        timelock.schedule(address(registry), 0, "", bytes32(0), bytes32(0), DELAY_SECONDS);
    }

    function testFuzz_nothing_happens_before_the_delay(uint256 waited) public {
        waited = bound(waited, 0, DELAY_SECONDS - 1);
        bytes memory call = abi.encodeCall(registry.whitelist, (address(0xBEEF)));
        schedule(timelock, proposer, address(registry), call);
        vm.warp(block.timestamp + waited);
        vm.expectRevert();
        timelock.execute(address(registry), 0, call, bytes32(0), bytes32(0));
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(TimelockController.TimelockInsufficientDelay.selector, DELAY_SECONDS - 1, DELAY_SECONDS)
        );
        timelock.schedule(address(registry), 0, call, bytes32(0), bytes32("other"), DELAY_SECONDS - 1);
    }

    function testFuzz_anyone_executes_after_the_delay(address executor) public {
        vm.assume(executor != address(0));
        bytes memory call = abi.encodeCall(registry.whitelist, (address(0xBEEF)));
        schedule(timelock, proposer, address(registry), call);
        vm.warp(block.timestamp + DELAY_SECONDS);
        vm.prank(executor);
        timelock.execute(address(registry), 0, call, bytes32(0), bytes32(0));
        vm.assertTrue(registry.isWhitelisted(address(0xBEEF)), "executed");
    }

    function test_the_delay_never_falls_below_its_floor() public {
        act(timelock, proposer, address(timelock), abi.encodeCall(timelock.updateDelay, (0)));
        vm.assertEq(timelock.getMinDelay(), DELAY_SECONDS);
        act(timelock, proposer, address(timelock), abi.encodeCall(timelock.updateDelay, (9 days)));
        vm.assertEq(timelock.getMinDelay(), 9 days);
    }

    function test_rejects_a_deployment_without_delay_or_proposer() public {
        address[] memory proposers = new address[](1);
        vm.expectRevert(Timelock.DelayZero.selector);
        new Timelock(0, proposers);
        vm.expectRevert(Timelock.ProposersEmpty.selector);
        new Timelock(1, new address[](0));
    }
}
