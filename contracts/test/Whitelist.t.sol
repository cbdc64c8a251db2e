// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISequencerRegistry} from "../src/interfaces/ISequencerRegistry.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract WhitelistTest is PoolFixture, TimelockActions {
    function setUp() public {
        deployPool();
    }

    function test_genesis_owners_are_whitelisted_in_order() public view {
        (address[] memory owners, address[] memory sequencers) = registry.candidates();
        vm.assertEq(owners.length, MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            vm.assertEq(owners[i], ownerOf(i));
            vm.assertEq(sequencers[i], sequencerOf(i));
        }
    }

    function testFuzz_only_the_timelock_whitelists_and_delists(address caller) public {
        vm.assume(caller != address(timelock));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.CallerNotTimelock.selector, caller));
        registry.whitelist(caller);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.CallerNotTimelock.selector, caller));
        registry.delist(ownerOf(0));
    }

    function test_whitelists_after_the_delay() public {
        address owner = address(0xBEEF);
        act(timelock, proposer, address(registry), abi.encodeCall(registry.whitelist, (owner)));
        vm.assertTrue(registry.isWhitelisted(owner), "whitelisted");
        vm.assertEq(registry.operatorCount(), MEMBERS + 1);
        vm.assertEq(registry.operators(MEMBERS, 10)[0].owner, owner);
    }

    function test_a_delisted_owner_is_no_candidate_and_keeps_its_place() public {
        act(timelock, proposer, address(registry), abi.encodeCall(registry.delist, (ownerOf(1))));
        vm.assertEq(epochs.eligibleMembers().length, MEMBERS - 1);
        vm.assertEq(vault.stakeOf(ownerOf(1)), MINIMUM_WEI);
        vm.assertFalse(registry.operators(1, 1)[0].isWhitelisted, "delisted");
        act(timelock, proposer, address(registry), abi.encodeCall(registry.whitelist, (ownerOf(1))));
        (address[] memory owners,) = registry.candidates();
        vm.assertEq(owners[1], ownerOf(1));
        vm.assertEq(registry.operatorCount(), MEMBERS);
    }

    function test_rejects_wrong_owners() public {
        vm.prank(address(timelock));
        vm.expectRevert(ISequencerRegistry.OwnerZero.selector);
        registry.whitelist(address(0));
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.OwnerAlreadyWhitelisted.selector, ownerOf(0)));
        registry.whitelist(ownerOf(0));
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.OwnerNotWhitelisted.selector, address(1)));
        registry.delist(address(1));
    }

    function test_bounds_the_whitelist() public {
        uint256 max = registry.WHITELIST_MAX();
        for (uint256 i = MEMBERS; i < max; ++i) {
            vm.prank(address(timelock));
            registry.whitelist(ownerOf(i));
        }
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.WhitelistFull.selector, max));
        registry.whitelist(ownerOf(max));
    }

    function testFuzz_pages_never_exceed_the_operators(uint256 start, uint256 limit) public view {
        uint256 expected = start >= MEMBERS ? 0 : (limit < MEMBERS - start ? limit : MEMBERS - start);
        vm.assertEq(registry.operators(start, limit).length, expected);
    }
}
