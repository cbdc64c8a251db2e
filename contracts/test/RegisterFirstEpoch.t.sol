// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StakeLimits} from "../src/interfaces/IAdmin.sol";
import {EpochMember, EpochView, IEpochRegistry} from "../src/interfaces/IEpochRegistry.sol";
import {ISignatureScheme} from "../src/interfaces/ISignatureScheme.sol";
import {EpochUpdate} from "../src/libraries/EpochUpdates.sol";
import {Schnorr} from "../src/libraries/Schnorr.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract RegisterFirstEpochTest is PoolFixture, TimelockActions {
    EpochUpdate private update;
    address[] private members;

    function setUp() public {
        deployPool();
        (update, members) = firstUpdate(FROST, groupKey);
    }

    // Acceptance

    function testFuzz_anyone_registers_a_signed_epoch(address caller) public {
        bytes32 digest = epochs.hashUpdate(update);
        bytes memory proof = prove(digest, ALL);
        uint256[] memory stakes = new uint256[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) stakes[i] = MINIMUM_WEI;
        vm.expectEmit(address(epochs));
        emit IEpochRegistry.EpochRegistered(1, digest, update, members, stakes, groupKey, ALL);
        vm.prank(caller);
        epochs.registerFirstEpoch(update, members, groupKey, proof);

        vm.assertEq(epochs.activeEpoch(), 1);
        EpochView memory epoch = epochs.getEpoch(1);
        vm.assertEq(epoch.updateHash, digest);
        vm.assertEq(epoch.schemeId, FROST);
        vm.assertEq(epoch.scheme, address(frost));
        vm.assertEq(epoch.threshold, 4);
        vm.assertEq(epoch.totalStakeWei, MEMBERS * MINIMUM_WEI);
        vm.assertEq(epoch.groupKey, groupKey);
        EpochMember[] memory stored = epochs.getMembers(1);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            vm.assertEq(stored[i].sequencer, sequencerOf(i));
            vm.assertEq(stored[i].stakeWei, MINIMUM_WEI);
        }
    }

    function test_accepts_endorsements_by_a_quorum() public {
        epochs.registerFirstEpoch(update, members, groupKey, prove(epochs.hashUpdate(update), QUORUM));
    }

    function test_accepts_members_in_any_order() public {
        (members[0], members[4]) = (members[4], members[0]);
        update.membersHash = keccak256(
            abi.encodePacked(sequencerOf(4), sequencerOf(1), sequencerOf(2), sequencerOf(3), sequencerOf(0))
        );
        bytes32 digest = epochs.hashUpdate(update);
        bytes memory proof = schnorr(digest);
        proof = bytes.concat(proof, abi.encode(uint256(0x1f)), compactSignature(sequencerKey(4), digest));
        for (uint256 i = 1; i < 4; ++i) proof = bytes.concat(proof, compactSignature(sequencerKey(i), digest));
        proof = bytes.concat(proof, compactSignature(sequencerKey(0), digest));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
        vm.assertEq(epochs.getMembers(1)[0].sequencer, sequencerOf(4));
    }

    function test_accepts_an_absent_member_if_two_thirds_remain() public {
        (update, members) = updateOf(FROST, groupKey, 0x0f);
        epochs.registerFirstEpoch(update, members, groupKey, prove(epochs.hashUpdate(update), 0x0f));
        vm.assertEq(epochs.getMembers(1).length, 4);
    }

    function test_accepts_the_multisig_scheme_with_an_empty_key() public {
        (update, members) = firstUpdate(ECDSA, "");
        epochs.registerFirstEpoch(update, members, "", endorse(epochs.hashUpdate(update), QUORUM));
        vm.assertEq(epochs.getEpoch(1).scheme, address(ecdsa));
    }

    function test_the_snapshot_does_not_follow_later_stakes() public {
        epochs.registerFirstEpoch(update, members, groupKey, prove(epochs.hashUpdate(update), ALL));
        vm.prank(ownerOf(0));
        token.approve(address(vault), 1e18);
        vm.prank(ownerOf(0));
        vault.add(1e18);
        vm.assertEq(epochs.getMembers(1)[0].stakeWei, MINIMUM_WEI);
        vm.assertEq(epochs.eligibleMembers()[0].stakeWei, MINIMUM_WEI + 1e18);
    }

    // Who may be a member, and how many must agree

    function test_T1_rejects_an_epoch_of_a_minority_that_endorses_itself() public {
        for (uint256 size = 1; size <= 3; ++size) {
            uint256 bitmap = (1 << size) - 1;
            (EpochUpdate memory own, address[] memory few) = updateOf(FROST, groupKey, bitmap);
            bytes memory proof = prove(epochs.hashUpdate(own), bitmap);
            vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.PoolCountTooLow.selector, size, 4));
            epochs.registerFirstEpoch(own, few, groupKey, proof);
        }
    }

    function test_T1_rejects_endorsers_of_a_majority_that_are_a_minority_of_the_pool() public {
        (update, members) = updateOf(FROST, groupKey, 0x0f);
        bytes memory proof = prove(epochs.hashUpdate(update), 0x07);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.PoolCountTooLow.selector, 3, 4));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_T1_rejects_endorsers_with_little_stake() public {
        deployContracts();
        for (uint256 i = 0; i < MEMBERS; ++i) registerOperator(i);
        for (uint256 i = 0; i < 4; ++i) lockStake(i, MINIMUM_WEI);
        lockStake(4, MAXIMUM_WEI);
        bytes memory proof = prove(epochs.hashUpdate(update), 0x0f);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISignatureScheme.EndorserStakeTooLow.selector, 4 * MINIMUM_WEI, 4 * MINIMUM_WEI + MAXIMUM_WEI
            )
        );
        epochs.registerFirstEpoch(update, members, groupKey, proof);
        (update, members) = updateOf(FROST, groupKey, 0x0f);
        proof = prove(epochs.hashUpdate(update), 0x0f);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEpochRegistry.PoolStakeTooLow.selector, 4 * MINIMUM_WEI, 4 * MINIMUM_WEI + MAXIMUM_WEI
            )
        );
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_members_that_are_not_eligible() public {
        act(timelock, proposer, address(registry), abi.encodeCall(registry.delist, (ownerOf(2))));
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberNotEligible.selector, sequencerOf(2)));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_members_whose_stake_is_below_a_raised_minimum() public {
        vm.prank(address(timelock));
        admin.setStakeLimits(StakeLimits(uint128(MINIMUM_WEI + 1), uint128(MAXIMUM_WEI)));
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberNotEligible.selector, sequencerOf(0)));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_a_member_listed_twice() public {
        members[1] = members[0];
        update.membersHash = keccak256(
            abi.encodePacked(sequencerOf(0), sequencerOf(0), sequencerOf(2), sequencerOf(3), sequencerOf(4))
        );
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberNotEligible.selector, sequencerOf(0)));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_the_zero_address_as_member() public {
        members[1] = address(0);
        update.membersHash = keccak256(
            abi.encodePacked(sequencerOf(0), address(0), sequencerOf(2), sequencerOf(3), sequencerOf(4))
        );
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberNotEligible.selector, address(0)));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_no_members_and_too_many() public {
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberCountInvalid.selector, 0, 128));
        epochs.registerFirstEpoch(update, new address[](0), groupKey, proof);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.MemberCountInvalid.selector, 129, 128));
        epochs.registerFirstEpoch(update, new address[](129), groupKey, proof);
    }

    // What the update says

    function test_rejects_a_second_first_epoch() public {
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        epochs.registerFirstEpoch(update, members, groupKey, proof);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.FirstEpochAlreadyRegistered.selector, 1));
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_rejects_wrong_fields_of_the_update() public {
        EpochUpdate memory wrong = update;
        wrong.epoch = 2;
        _expectRevert(wrong, abi.encodeWithSelector(IEpochRegistry.EpochNumberInvalid.selector, 2, 1));
        wrong = update;
        wrong.previousUpdateHash = bytes32("x");
        _expectRevert(
            wrong, abi.encodeWithSelector(IEpochRegistry.PreviousUpdateMismatch.selector, bytes32("x"), bytes32(0))
        );
        wrong = update;
        wrong.schemeId = bytes32("x");
        _expectRevert(wrong, abi.encodeWithSelector(IEpochRegistry.SchemeUnknown.selector, bytes32("x")));
        wrong = update;
        wrong.threshold = 3;
        _expectRevert(wrong, abi.encodeWithSelector(IEpochRegistry.ThresholdInvalid.selector, 3, 4));
        wrong = update;
        wrong.threshold = 5;
        _expectRevert(wrong, abi.encodeWithSelector(IEpochRegistry.ThresholdInvalid.selector, 5, 4));
        wrong = update;
        wrong.membersHash = bytes32("x");
        _expectRevert(
            wrong,
            abi.encodeWithSelector(IEpochRegistry.MembersHashMismatch.selector, bytes32("x"), update.membersHash)
        );
        wrong = update;
        wrong.groupKeyHash = bytes32("x");
        _expectRevert(
            wrong,
            abi.encodeWithSelector(IEpochRegistry.GroupKeyHashMismatch.selector, bytes32("x"), update.groupKeyHash)
        );
    }

    function test_rejects_keys_outside_the_field_of_keys() public {
        _expectKeyRejected(abi.encode(uint256(0)));
        _expectKeyRejected(abi.encode(Schnorr.N));
        _expectKeyRejected(abi.encode(type(uint256).max));
        _expectKeyRejected(bytes.concat(groupKey, hex"00"));
        _expectKeyRejected("");
    }

    // Mutation

    function test_T1_rejects_every_flipped_bit_of_the_group_key_though_all_members_endorse_it() public {
        for (uint256 bit = 0; bit < 256; ++bit) {
            bytes memory key = flipBit(groupKey, bit);
            EpochUpdate memory other = update;
            other.groupKeyHash = keccak256(key);
            bytes memory proof = prove(epochs.hashUpdate(other), ALL);
            (bool ok,) = address(epochs).call(abi.encodeCall(epochs.registerFirstEpoch, (other, members, key, proof)));
            vm.assertFalse(ok, vm.toString(bit));
        }
    }

    function test_T1_rejects_every_flipped_bit_of_the_update() public {
        bytes memory call = abi.encodeCall(
            epochs.registerFirstEpoch, (update, members, groupKey, prove(epochs.hashUpdate(update), ALL))
        );
        for (uint256 bit = 4 * 8; bit < (4 + 6 * 32) * 8; ++bit) {
            (bool ok,) = address(epochs).call(flipBit(call, bit));
            vm.assertFalse(ok, vm.toString(bit));
        }
        (bool accepted,) = address(epochs).call(call);
        vm.assertTrue(accepted, "the unchanged call succeeds");
    }

    function test_T1_rejects_every_flipped_bit_of_the_proof() public {
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        for (uint256 bit = 0; bit < proof.length * 8; ++bit) {
            (bool ok,) = address(epochs).call(
                abi.encodeCall(epochs.registerFirstEpoch, (update, members, groupKey, flipBit(proof, bit)))
            );
            vm.assertFalse(ok, vm.toString(bit));
        }
        epochs.registerFirstEpoch(update, members, groupKey, proof);
    }

    function test_unknown_epochs_revert() public {
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.EpochUnknown.selector, 1));
        epochs.getEpoch(1);
        vm.expectRevert(abi.encodeWithSelector(IEpochRegistry.EpochUnknown.selector, 1));
        epochs.verificationData(1);
    }

    function _expectRevert(EpochUpdate memory wrong, bytes memory revertData) private {
        bytes memory proof = prove(epochs.hashUpdate(wrong), ALL);
        vm.expectRevert(revertData);
        epochs.registerFirstEpoch(wrong, members, groupKey, proof);
    }

    function _expectKeyRejected(bytes memory key) private {
        EpochUpdate memory other = update;
        other.groupKeyHash = keccak256(key);
        bytes memory proof = prove(epochs.hashUpdate(other), ALL);
        vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.GroupKeyInvalid.selector, key));
        epochs.registerFirstEpoch(other, members, key, proof);
    }
}
