// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISequencerRegistry, NetworkIdentity} from "../src/interfaces/ISequencerRegistry.sol";
import {PoolFixture} from "./support/PoolFixture.sol";

contract UpdateIdentityTest is PoolFixture {
    function setUp() public {
        deployPool();
    }

    function test_replaces_the_identity_and_frees_the_old_certificates() public {
        NetworkIdentity memory identity = identityOf(77);
        vm.expectEmit(address(registry));
        emit ISequencerRegistry.IdentityUpdated(ownerOf(0), identity);
        vm.prank(ownerOf(0));
        registry.updateIdentity(identity);
        vm.assertEq(abi.encode(registry.operators(0, 1)[0].identity), abi.encode(identity));
        NetworkIdentity memory other = identityOf(1);
        other.feedCertificate = identityOf(0).feedCertificate;
        vm.prank(ownerOf(1));
        registry.updateIdentity(other);
    }

    function test_keeps_a_certificate_that_does_not_change() public {
        NetworkIdentity memory identity = identityOf(0);
        identity.feedEndpoint = "moved:1";
        identity.consensusCertificate = identity.feedCertificate;
        vm.prank(ownerOf(0));
        registry.updateIdentity(identity);
        vm.prank(ownerOf(0));
        registry.updateIdentity(identity);
        NetworkIdentity memory stolen = identityOf(1);
        stolen.feedCertificate = identity.feedCertificate;
        vm.prank(ownerOf(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                ISequencerRegistry.CertificateInUse.selector, keccak256(identity.feedCertificate), ownerOf(0)
            )
        );
        registry.updateIdentity(stolen);
    }

    function test_rejects_owners_without_a_key() public {
        vm.expectRevert(abi.encodeWithSelector(ISequencerRegistry.NotRegistered.selector, address(this)));
        registry.updateIdentity(identityOf(9));
    }
}
