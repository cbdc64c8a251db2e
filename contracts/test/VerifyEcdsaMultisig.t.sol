// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EcdsaMultisigScheme} from "../src/epochs/EcdsaMultisigScheme.sol";
import {ISignatureScheme} from "../src/interfaces/ISignatureScheme.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {StaticEpochs} from "./support/StaticEpochs.sol";

contract VerifyEcdsaMultisigTest is PoolFixture {
    bytes32 private constant DIGEST = keccak256("digest");

    StaticEpochs private fixedEpochs;
    EcdsaMultisigScheme private scheme;

    function setUp() public {
        fixedEpochs = new StaticEpochs();
        scheme = new EcdsaMultisigScheme(address(fixedEpochs));
        address[] memory sequencers = new address[](MEMBERS);
        uint96[] memory stakes = new uint96[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) (sequencers[i], stakes[i]) = (sequencerOf(i), 1e18);
        fixedEpochs.set("", sequencers, stakes);
    }

    function testFuzz_accepts_exactly_the_bitmaps_that_reach_the_quorum(bytes32 digest, uint256 bitmap) public {
        bitmap = bound(bitmap, 0, ALL);
        uint256 count = 0;
        for (uint256 i = 0; i < MEMBERS; ++i) count += (bitmap >> i) & 1;
        bytes memory proof = endorse(digest, bitmap);
        if (count < 4) {
            vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.EndorserCountTooLow.selector, count, 4));
        }
        uint256 liable = scheme.verify(1, digest, proof);
        if (count >= 4) vm.assertEq(liable, bitmap);
    }

    function test_rejects_every_flipped_bit_of_the_proof() public view {
        bytes memory proof = endorse(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < proof.length * 8; ++bit) _expectRejected(1, DIGEST, flipBit(proof, bit), bit);
        scheme.verify(1, DIGEST, proof);
    }

    function test_rejects_every_flipped_bit_of_the_digest_and_the_epoch() public view {
        bytes memory proof = endorse(DIGEST, QUORUM);
        for (uint256 bit = 0; bit < 256; ++bit) _expectRejected(1, DIGEST ^ bytes32(1 << bit), proof, bit);
        for (uint256 bit = 0; bit < 64; ++bit) _expectRejected(uint64(1 ^ (1 << bit)), DIGEST, proof, bit);
    }

    function test_takes_only_the_empty_group_key() public {
        scheme.validateGroupKey("");
        vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.GroupKeyInvalid.selector, hex"00"));
        scheme.validateGroupKey(hex"00");
    }

    function test_rejects_a_proof_shorter_than_a_bitmap() public {
        vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.ProofLengthInvalid.selector, 31, 32));
        scheme.verify(1, DIGEST, new bytes(31));
    }

    function _expectRejected(uint64 epoch, bytes32 digest, bytes memory proof, uint256 bit) private view {
        (bool ok,) = address(scheme).staticcall(abi.encodeCall(scheme.verify, (epoch, digest, proof)));
        vm.assertFalse(ok, vm.toString(bit));
    }
}
