// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISequencerRegistry, NetworkIdentity, OperatorView} from "../src/interfaces/ISequencerRegistry.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract RegisterTest is PoolFixture, TimelockActions {
    address private owner = ownerOf(0);

    function setUp() public {
        deployContracts();
    }

    function test_registers_the_key_and_the_identity() public {
        bytes memory publicKey = publicKeyOf(0);
        bytes memory keyProof = _keyProof(owner, 0);
        vm.expectEmit(address(registry));
        emit ISequencerRegistry.SequencerRegistered(owner, sequencerOf(0), publicKey, identityOf(0));
        vm.prank(owner);
        registry.register(publicKey, identityOf(0), keyProof);
        vm.assertEq(registry.ownerOf(sequencerOf(0)), owner);
        vm.assertEq(registry.sequencerOf(owner), sequencerOf(0));
        OperatorView memory operator = registry.operators(0, 1)[0];
        vm.assertEq(operator.publicKey, publicKey);
        vm.assertEq(abi.encode(operator.identity), abi.encode(identityOf(0)));
    }

    function test_rejects_owners_without_whitelist_or_with_a_key() public {
        registerOperator(0);
        bytes memory publicKey = publicKeyOf(1);
        bytes memory keyProof = _keyProof(owner, 1);
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.OwnerNotWhitelisted.selector, address(this)));
        registry.register(publicKey, identityOf(1), keyProof);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(ISequencerRegistry.AlreadyRegistered.selector, owner, sequencerOf(0))
        );
        registry.register(publicKey, identityOf(1), keyProof);
    }

    function test_rejects_a_key_that_another_owner_has() public {
        registerOperator(0);
        bytes memory publicKey = publicKeyOf(0);
        bytes memory keyProof = _keyProof(ownerOf(1), 0);
        vm.prank(ownerOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(ISequencerRegistry.SequencerKeyInUse.selector, sequencerOf(0), owner)
        );
        registry.register(publicKey, identityOf(1), keyProof);
    }

    function test_rejects_a_key_proof_made_for_another_owner() public {
        bytes memory publicKey = publicKeyOf(0);
        bytes memory keyProof = _keyProof(owner, 0);
        vm.prank(ownerOf(1));
        vm.expectRevert();
        registry.register(publicKey, identityOf(1), keyProof);
    }

    function test_rejects_every_flipped_bit_of_the_key_and_its_proof() public {
        bytes memory publicKey = publicKeyOf(0);
        bytes memory keyProof = _keyProof(owner, 0);
        for (uint256 bit = 0; bit < publicKey.length * 8; ++bit) {
            _expectRegisterFails(flipBit(publicKey, bit), keyProof, bit);
        }
        for (uint256 bit = 0; bit < keyProof.length * 8; ++bit) {
            _expectRegisterFails(publicKey, flipBit(keyProof, bit), bit);
        }
        registerOperator(0);
    }

    function test_rejects_keys_of_another_length() public {
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.PublicKeyLengthInvalid.selector, 65));
        registry.register(new bytes(65), identityOf(0), new bytes(65));
    }

    function test_bounds_each_field_of_the_identity() public {
        uint256[5] memory max = [uint256(256), 4096, 256, 4096, 512];
        for (uint256 field = 0; field < 5; ++field) {
            _expectIdentityRejected(field, 0, max[field]);
            _expectIdentityRejected(field, max[field] + 1, max[field]);
        }
    }

    function test_rejects_a_certificate_of_another_owner() public {
        registerOperator(0);
        bytes memory publicKey = publicKeyOf(1);
        bytes memory keyProof = _keyProof(ownerOf(1), 1);
        NetworkIdentity memory identity = identityOf(1);
        identity.consensusCertificate = identityOf(0).feedCertificate;
        vm.prank(ownerOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                ISequencerRegistry.CertificateInUse.selector, keccak256(identity.consensusCertificate), owner
            )
        );
        registry.register(publicKey, identity, keyProof);
    }

    function _keyProof(address forOwner, uint256 i) private returns (bytes memory) {
        return fullSignature(sequencerKey(i), registry.keyProofDigest(forOwner, publicKeyOf(i)));
    }

    function _expectRegisterFails(bytes memory publicKey, bytes memory keyProof, uint256 bit) private {
        vm.prank(owner);
        (bool ok,) = address(registry).call(abi.encodeCall(registry.register, (publicKey, identityOf(0), keyProof)));
        vm.assertFalse(ok, vm.toString(bit));
    }

    function _expectIdentityRejected(uint256 field, uint256 length, uint256 max) private {
        NetworkIdentity memory identity = identityOf(0);
        bytes memory value = new bytes(length);
        if (field == 0) identity.feedEndpoint = string(value);
        if (field == 1) identity.feedCertificate = value;
        if (field == 2) identity.consensusEndpoint = string(value);
        if (field == 3) identity.consensusCertificate = value;
        if (field == 4) identity.mpcMultiaddr = string(value);
        bytes memory publicKey = publicKeyOf(0);
        bytes memory keyProof = _keyProof(owner, 0);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(ISequencerRegistry.IdentityFieldLengthInvalid.selector, field, length, max)
        );
        registry.register(publicKey, identity, keyProof);
    }
}
