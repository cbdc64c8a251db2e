// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IStakeVault} from "../src/interfaces/IStakeVault.sol";
import {StakeVault} from "../src/staking/StakeVault.sol";
import {PoolFixture} from "./support/PoolFixture.sol";

/// @dev A token that keeps 1 % of each transfer.
contract FeeOnTransferToken {
    mapping(address => uint256) public balanceOf;

    function transferFrom(address, address to, uint256 amount) external returns (bool) {
        balanceOf[to] += amount - amount / 100;
        return true;
    }
}

contract LockTest is PoolFixture {
    address private owner = ownerOf(0);

    function setUp() public {
        deployContracts();
        vm.prank(owner);
        token.approve(address(vault), type(uint256).max);
    }

    function testFuzz_locks_a_stake_within_the_limits(uint256 amountWei) public {
        amountWei = bound(amountWei, MINIMUM_WEI, MAXIMUM_WEI);
        uint256 before = token.balanceOf(owner);
        vm.expectEmit(address(vault));
        emit IStakeVault.StakeLocked(owner, amountWei);
        vm.prank(owner);
        vault.lock(amountWei);
        vm.assertEq(vault.stakeOf(owner), amountWei);
        vm.assertEq(vault.totalLockedWei(), amountWei);
        vm.assertEq(token.balanceOf(address(vault)), amountWei);
        vm.assertEq(token.balanceOf(owner), before - amountWei);
    }

    function testFuzz_rejects_a_stake_below_the_minimum(uint256 amountWei) public {
        amountWei = bound(amountWei, 0, MINIMUM_WEI - 1);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeBelowMinimum.selector, amountWei, MINIMUM_WEI));
        vault.lock(amountWei);
    }

    function testFuzz_rejects_a_stake_above_the_maximum(uint256 amountWei) public {
        amountWei = bound(amountWei, MAXIMUM_WEI + 1, type(uint256).max);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.StakeAboveMaximum.selector, amountWei, MAXIMUM_WEI));
        vault.lock(amountWei);
    }

    function test_rejects_a_second_lock() public {
        vm.prank(owner);
        vault.lock(MINIMUM_WEI);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.AlreadyLocked.selector, owner, MINIMUM_WEI));
        vault.lock(MINIMUM_WEI);
    }

    function testFuzz_rejects_an_owner_that_is_not_whitelisted(address stranger) public {
        vm.assume(!registry.isWhitelisted(stranger));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.OwnerNotWhitelisted.selector, stranger));
        vault.lock(MINIMUM_WEI);
    }

    function test_rejects_a_token_that_moves_another_amount() public {
        StakeVault other = new StakeVault(address(new FeeOnTransferToken()), address(admin), address(registry));
        uint256 received = MINIMUM_WEI - MINIMUM_WEI / 100;
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeVault.TokenAmountMismatch.selector, received, MINIMUM_WEI));
        other.lock(MINIMUM_WEI);
    }
}
