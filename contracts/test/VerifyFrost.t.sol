// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {FrostSecp256k1Scheme} from "../src/epochs/FrostSecp256k1Scheme.sol";
import {ISignatureScheme} from "../src/interfaces/ISignatureScheme.sol";
import {Schnorr} from "../src/libraries/Schnorr.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {StaticEpochs} from "./support/StaticEpochs.sol";
import {Vm} from "./support/Test.sol";

contract VerifyFrostTest is PoolFixture {
    bytes32 private constant DIGEST = keccak256("digest");
    uint256 private constant HALF_N = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    StaticEpochs private fixedEpochs;
    FrostSecp256k1Scheme private scheme;

    function setUp() public {
        deployContracts();
        fixedEpochs = new StaticEpochs();
        scheme = new FrostSecp256k1Scheme(address(fixedEpochs));
        _setEpoch(groupKey);
    }

    function _setEpoch(bytes memory key) private {
        address[] memory sequencers = new address[](MEMBERS);
        uint96[] memory stakes = new uint96[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) (sequencers[i], stakes[i]) = (sequencerOf(i), 1e18);
        fixedEpochs.set(key, sequencers, stakes);
    }

    function testFuzz_accepts_any_digest_and_quorum(bytes32 digest, uint256 absent) public view {
        uint256 bitmap = ALL ^ (1 << bound(absent, 0, MEMBERS));
        vm.assertEq(scheme.verify(1, digest, prove(digest, bitmap & ALL)), bitmap & ALL);
    }

    // Mutation

    function test_rejects_every_flipped_bit_of_R_s_bitmap_and_endorsements() public view {
        bytes memory proof = prove(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < proof.length * 8; ++bit) _expectRejected(1, DIGEST, flipBit(proof, bit), bit);
        scheme.verify(1, DIGEST, proof);
    }

    function test_rejects_every_flipped_bit_of_the_digest() public view {
        bytes memory proof = prove(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < 256; ++bit) _expectRejected(1, DIGEST ^ bytes32(1 << bit), proof, bit);
    }

    function test_rejects_every_flipped_bit_of_the_epoch() public view {
        bytes memory proof = prove(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < 64; ++bit) _expectRejected(uint64(1 ^ (1 << bit)), DIGEST, proof, bit);
    }

    function test_rejects_every_flipped_bit_of_the_group_key() public {
        bytes memory proof = prove(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < 256; ++bit) {
            _setEpoch(flipBit(groupKey, bit));
            _expectRejected(1, DIGEST, proof, bit);
        }
    }

    function testFuzz_rejects_every_other_length(uint256 length) public view {
        bytes memory proof = prove(DIGEST, ALL);
        length = bound(length, 0, 600);
        vm.assume(length != proof.length);
        bytes memory other = new bytes(length);
        for (uint256 i = 0; i < length && i < proof.length; ++i) other[i] = proof[i];
        _expectRejected(1, DIGEST, other, length);
    }

    // Group signature

    function test_rejects_the_signature_of_another_key_though_all_endorse() public {
        bytes memory proof = prove(DIGEST, ALL);
        bytes memory group = schnorr(keccak256("other digest"));
        (address r, uint256 s) = _split(group);
        bytes memory other = bytes.concat(group, endorse(DIGEST, ALL));
        vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.GroupSignatureInvalid.selector, DIGEST, r, s));
        this.verify(other);
        this.verify(proof);
    }

    function test_rejects_s_that_is_not_reduced_and_R_zero() public view {
        bytes memory group = schnorr(DIGEST);
        (address r, uint256 s) = _split(group);
        vm.assertFalse(Schnorr.isValid(groupKeyX(), DIGEST, r, type(uint256).max), "s > n");
        vm.assertFalse(Schnorr.isValid(groupKeyX(), DIGEST, r, Schnorr.N), "s = n");
        vm.assertFalse(Schnorr.isValid(groupKeyX(), DIGEST, address(0), s), "R = 0");
        vm.assertFalse(Schnorr.isValid(0, DIGEST, r, s), "Px = 0");
        vm.assertFalse(Schnorr.isValid(Schnorr.N, DIGEST, r, s), "Px = n");
        vm.assertTrue(Schnorr.isValid(groupKeyX(), DIGEST, r, s), "the signature itself");
    }

    function testFuzz_rejects_forged_scalars(address r, uint256 s) public view {
        vm.assertFalse(Schnorr.isValid(groupKeyX(), DIGEST, r, s), "a random signature");
    }

    function test_rejects_an_R_whose_key_is_not_a_point() public pure {
        // 5 is not an x-coordinate of the curve: ecrecover returns zero, which must not equal any R.
        vm.assertFalse(Schnorr.isValid(5, DIGEST, address(0), 1), "no point, R = 0");
    }

    // Endorsements

    function testFuzz_T1_needs_two_thirds_of_the_stake(uint96[5] memory stakes, uint256 bitmap) public {
        address[] memory sequencers = new address[](MEMBERS);
        uint96[] memory weights = new uint96[](MEMBERS);
        uint256 total = 0;
        uint256 endorsed = 0;
        uint256 count = 0;
        bitmap = bound(bitmap, 0, ALL);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            (sequencers[i], weights[i]) = (sequencerOf(i), stakes[i]);
            total += stakes[i];
            if ((bitmap >> i) & 1 == 1) (endorsed, count) = (endorsed + stakes[i], count + 1);
        }
        fixedEpochs.set(groupKey, sequencers, weights);
        bytes memory proof = prove(DIGEST, bitmap);
        if (count < 4) {
            vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.EndorserCountTooLow.selector, count, 4));
        } else if (total == 0 || 3 * endorsed < 2 * total) {
            vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.EndorserStakeTooLow.selector, endorsed, total));
        }
        this.verify(proof);
    }

    /// @dev Nearly every high s needs 256 bits and has no compact form; these are the few that do. The signature is valid but for
    /// its high s: for any nonce k and any s there is a key d = (s k - z) / r that signs the digest z with them.
    function testFuzz_rejects_an_endorsement_with_a_high_s(uint256 s, uint256 k) public {
        s = bound(s, HALF_N + 1, (1 << 255) - 1);
        Vm.Wallet memory nonce = vm.createWallet(bound(k, 1, Schnorr.N - 1));
        uint256 r = nonce.publicKeyX;
        uint256 sk = mulmod(s, nonce.privateKey, Schnorr.N);
        uint256 difference = addmod(sk, Schnorr.N - uint256(DIGEST) % Schnorr.N, Schnorr.N);
        uint256 key = mulmod(difference, Math.invModPrime(r % Schnorr.N, Schnorr.N), Schnorr.N);
        uint8 v = uint8(27 + nonce.publicKeyY % 2);
        vm.assertEq(ecrecover(DIGEST, v, bytes32(r), bytes32(s)), vm.addr(key));

        address[] memory sequencers = new address[](1);
        uint96[] memory stakes = new uint96[](1);
        (sequencers[0], stakes[0]) = (vm.addr(key), 1);
        fixedEpochs.set(groupKey, sequencers, stakes);
        bytes memory compact = abi.encode(r, s | (uint256(v - 27) << 255));
        vm.expectRevert(
            abi.encodeWithSelector(ISignatureScheme.EndorsementInvalid.selector, 0, sequencers[0], address(0))
        );
        this.verify(bytes.concat(schnorr(DIGEST), abi.encode(uint256(1)), compact));
    }

    function test_rejects_one_endorsement_used_for_two_members() public {
        bytes memory one = compactSignature(sequencerKey(0), DIGEST);
        bytes memory proof = bytes.concat(schnorr(DIGEST), abi.encode(uint256(0x0f)), one, one, one, one);
        vm.expectRevert(
            abi.encodeWithSelector(ISignatureScheme.EndorsementInvalid.selector, 1, sequencerOf(1), sequencerOf(0))
        );
        this.verify(proof);
    }

    function test_rejects_endorsements_in_another_order() public {
        bytes memory proof = bytes.concat(
            schnorr(DIGEST), abi.encode(uint256(0x0f)), compactSignature(sequencerKey(1), DIGEST),
            compactSignature(sequencerKey(0), DIGEST), compactSignature(sequencerKey(2), DIGEST)
        );
        proof = bytes.concat(proof, compactSignature(sequencerKey(3), DIGEST));
        vm.expectRevert(
            abi.encodeWithSelector(ISignatureScheme.EndorsementInvalid.selector, 0, sequencerOf(0), sequencerOf(1))
        );
        this.verify(proof);
    }

    function test_rejects_members_that_the_epoch_does_not_have() public {
        bytes memory proof = prove(DIGEST, ALL | (1 << MEMBERS));
        vm.expectRevert(
            abi.encodeWithSelector(ISignatureScheme.EndorserUnknown.selector, ALL | (1 << MEMBERS), MEMBERS)
        );
        this.verify(proof);
    }

    function verify(bytes memory proof) external view returns (uint256) {
        return scheme.verify(1, DIGEST, proof);
    }

    function _split(bytes memory group) private pure returns (address r, uint256 s) {
        assembly ("memory-safe") {
            r := shr(96, mload(add(group, 32)))
            s := mload(add(group, 52))
        }
    }

    function _expectRejected(uint64 epoch, bytes32 digest, bytes memory proof, uint256 bit) private view {
        (bool ok,) = address(scheme).staticcall(abi.encodeCall(scheme.verify, (epoch, digest, proof)));
        vm.assertFalse(ok, vm.toString(bit));
    }
}
