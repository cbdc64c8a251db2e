// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Admin} from "../src/admin/Admin.sol";
import {EcdsaMultisigScheme} from "../src/epochs/EcdsaMultisigScheme.sol";
import {IAdmin, RollupParameters, StakeLimits} from "../src/interfaces/IAdmin.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract AdminParametersTest is PoolFixture, TimelockActions {
    function setUp() public {
        deployContracts();
    }

    function testFuzz_only_the_timelock_sets_anything(address caller) public {
        vm.assume(caller != address(timelock));
        bytes memory refusal = abi.encodeWithSelector(IAdmin.CallerNotTimelock.selector, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        admin.setStakeLimits(StakeLimits(1, 2));
        vm.prank(caller);
        vm.expectRevert(refusal);
        admin.setRollupParameters(parameters());
        vm.prank(caller);
        vm.expectRevert(refusal);
        admin.registerScheme(address(frost));
        vm.prank(caller);
        vm.expectRevert(refusal);
        admin.registerVerdictSource(address(frost));
    }

    function testFuzz_sets_stake_limits_within_bounds(uint128 minimumWei, uint128 maximumWei) public {
        minimumWei = uint128(bound(minimumWei, 1, type(uint96).max));
        maximumWei = uint128(bound(maximumWei, minimumWei, type(uint96).max));
        vm.prank(address(timelock));
        vm.expectEmit(address(admin));
        emit IAdmin.StakeLimitsSet(minimumWei, maximumWei);
        admin.setStakeLimits(StakeLimits(minimumWei, maximumWei));
        vm.assertEq(admin.stakeLimits().minimumWei, minimumWei);
        vm.assertEq(admin.stakeLimits().maximumWei, maximumWei);
    }

    function test_rejects_stake_limits_out_of_bounds() public {
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.StakeLimitsInverted.selector, 3, 2));
        admin.setStakeLimits(StakeLimits(3, 2));
        uint256 max = type(uint96).max;
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(IAdmin.ParameterOutOfBounds.selector, bytes32("minimumWei"), 0, 1, max)
        );
        admin.setStakeLimits(StakeLimits(0, 2));
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(IAdmin.ParameterOutOfBounds.selector, bytes32("maximumWei"), max + 1, 1, max)
        );
        admin.setStakeLimits(StakeLimits(1, uint128(max + 1)));
    }

    function test_rejects_each_rollup_parameter_out_of_bounds() public {
        RollupParameters memory p = parameters();
        p.challengeWindowSeconds = WINDOW_SECONDS - 1;
        _expectOutOfBounds(p, "challengeWindowSeconds", WINDOW_SECONDS - 1, WINDOW_SECONDS, 60 days);
        p.challengeWindowSeconds = 60 days + 1;
        _expectOutOfBounds(p, "challengeWindowSeconds", 60 days + 1, WINDOW_SECONDS, 60 days);
        p = parameters();
        p.forcedInclusionSeconds = 9;
        _expectOutOfBounds(p, "forcedInclusionSeconds", 9, 10, 30 days);
        p.forcedInclusionSeconds = 30 days + 1;
        _expectOutOfBounds(p, "forcedInclusionSeconds", 30 days + 1, 10, 30 days);
        p = parameters();
        p.forcedTransactionBytesMax = 1023;
        _expectOutOfBounds(p, "forcedTransactionBytesMax", 1023, 1024, 128 * 1024);
        p = parameters();
        p.batchBytesMax = 128 * 1024 + 1;
        _expectOutOfBounds(p, "batchBytesMax", 128 * 1024 + 1, 1024, 128 * 1024);
        p = parameters();
        p.timestampDriftSecondsMax = 29;
        _expectOutOfBounds(p, "timestampDriftSecondsMax", 29, 30, 1 days);
        p = parameters();
        p.forcedFeeWei = 0.01 ether + 1;
        _expectOutOfBounds(p, "forcedFeeWei", 0.01 ether + 1, 0, 0.01 ether);
    }

    function test_sets_rollup_parameters() public {
        RollupParameters memory p = parameters();
        p.challengeWindowSeconds = 8 days;
        p.forcedFeeWei = 0;
        act(timelock, proposer, address(admin), abi.encodeCall(admin.setRollupParameters, (p)));
        vm.assertEq(abi.encode(admin.rollupParameters()), abi.encode(p));
    }

    function test_schemes_are_append_only() public {
        vm.assertEq(admin.schemeOf(FROST), address(frost));
        vm.assertEq(admin.schemeOf(ECDSA), address(ecdsa));
        address other = address(new EcdsaMultisigScheme(address(epochs)));
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.SchemeAlreadyRegistered.selector, ECDSA, address(ecdsa)));
        admin.registerScheme(other);
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.NotAContract.selector, address(1)));
        admin.registerScheme(address(1));
        Admin fresh = new Admin(address(timelock), StakeLimits(1, 2), parameters(), new address[](0));
        vm.prank(address(timelock));
        vm.expectEmit(address(fresh));
        emit IAdmin.SchemeRegistered(ECDSA, other);
        fresh.registerScheme(other);
        vm.assertEq(fresh.schemeOf(ECDSA), other);
    }

    function test_verdict_sources_are_append_only_and_none_at_genesis() public {
        vm.assertFalse(admin.isVerdictSource(address(timelock)), "none at genesis");
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.NotAContract.selector, address(1)));
        admin.registerVerdictSource(address(1));
        act(timelock, proposer, address(admin), abi.encodeCall(admin.registerVerdictSource, (address(queue))));
        vm.assertTrue(admin.isVerdictSource(address(queue)), "registered");
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.VerdictSourceAlreadyRegistered.selector, address(queue)));
        admin.registerVerdictSource(address(queue));
    }

    function test_a_longer_window_does_not_shorten_and_a_shorter_one_waits_for_its_ancestors() public {
        deployActive();
        RollupParameters memory p = parameters();
        p.challengeWindowSeconds = 30 days;
        act(timelock, proposer, address(admin), abi.encodeCall(admin.setRollupParameters, (p)));
        submitNext();
        p.challengeWindowSeconds = WINDOW_SECONDS;
        act(timelock, proposer, address(admin), abi.encodeCall(admin.setRollupParameters, (p)));
        vm.roll(block.number + 1);
        submitNext();
        vm.assertEq(chain.getBatch(2).finalAtSeconds, chain.getBatch(1).finalAtSeconds);
    }

    function _expectOutOfBounds(RollupParameters memory p, bytes32 name, uint256 value, uint256 min, uint256 max) private {
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IAdmin.ParameterOutOfBounds.selector, name, value, min, max));
        admin.setRollupParameters(p);
    }
}
