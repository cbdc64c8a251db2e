// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IStakeVault} from "../src/interfaces/IStakeVault.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract AddStakeTest is PoolFixture, TimelockActions {
    address private owner = ownerOf(0);

    function setUp() public {
        deployContracts();
        lockStake(0, MINIMUM_WEI);
        vm.prank(owner);
        token.approve(address(vault), type(uint256).max);
    }

    function testFuzz_adds_up_to_the_maximum(uint256 amountWei) public {
        amountWei = bound(amountWei, 1, MAXIMUM_WEI - MINIMUM_WEI);
        vm.expectEmit(address(vault));
        emit IStakeVault.StakeAdded(owner, amountWei, MINIMUM_WEI + amountWei);
        vm.prank(owner);
        vault.add(amountWei);
        vm.assertEq(vault.stakeOf(owner), MINIMUM_WEI + amountWei);
        vm.assertEq(vault.totalLockedWei(), MINIMUM_WEI + amountWei);
        vm.assertEq(token.balanceOf(address(vault)), MINIMUM_WEI + amountWei);
    }

    function test_rejects_more_than_the_maximum_nothing_and_no_stake() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeAboveMaximum.selector, MAXIMUM_WEI + 1, MAXIMUM_WEI));
        vault.add(MAXIMUM_WEI - MINIMUM_WEI + 1);
        vm.prank(owner);
        vm.expectRevert(IStakeVault.AmountZero.selector);
        vault.add(0);
        vm.prank(ownerOf(1));
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.NotLocked.selector, ownerOf(1)));
        vault.add(MINIMUM_WEI);
    }

    function test_rejects_an_owner_that_was_delisted() public {
        act(timelock, proposer, address(registry), abi.encodeCall(registry.delist, (owner)));
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.OwnerNotWhitelisted.selector, owner));
        vault.add(1);
    }
}
