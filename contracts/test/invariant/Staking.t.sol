// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochMember} from "../../src/interfaces/IEpochRegistry.sol";
import {OperatorView} from "../../src/interfaces/ISequencerRegistry.sol";
import {PoolFixture} from "../support/PoolFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev Owners 0 to 4 are whitelisted at genesis, 5 to 7 are not. Keys 0 to 9 are tried by anybody.
contract StakingHandler is PoolFixture {
    uint256 internal constant OWNERS = 8;
    uint256 internal constant KEYS = 10;

    /// @notice What the vault must hold, counted by the handler.
    uint256 public lockedWei;
    mapping(address => address) public firstKey;

    constructor() {
        deployContracts();
        for (uint256 i = MEMBERS; i < OWNERS; ++i) {
            vm.prank(ownerOf(0));
            token.transfer(ownerOf(i), 1_000e18);
        }
    }

    function whitelist(uint256 i) external {
        vm.prank(address(timelock));
        try registry.whitelist(ownerOf(i % OWNERS)) {} catch {}
    }

    function delist(uint256 i) external {
        vm.prank(address(timelock));
        try registry.delist(ownerOf(i % OWNERS)) {} catch {}
    }

    function register(uint256 i, uint256 key) external {
        address owner = ownerOf(i % OWNERS);
        uint256 secret = sequencerKey(key % KEYS);
        bytes memory publicKey = publicKeyOfKey(secret);
        bytes memory keyProof = fullSignature(secret, registry.keyProofDigest(owner, publicKey));
        vm.prank(owner);
        try registry.register(publicKey, identityOf(key % KEYS), keyProof) {
            firstKey[owner] = vm.addr(secret);
        } catch {}
    }

    function updateIdentity(uint256 i, uint256 identity) external {
        vm.prank(ownerOf(i % OWNERS));
        try registry.updateIdentity(identityOf(identity % KEYS)) {} catch {}
    }

    function lock(uint256 i, uint256 amountWei) external {
        address owner = ownerOf(i % OWNERS);
        amountWei = bound(amountWei, 0, MAXIMUM_WEI + 1);
        vm.prank(owner);
        token.approve(address(vault), amountWei);
        vm.prank(owner);
        try vault.lock(amountWei) {
            lockedWei += amountWei;
        } catch {}
    }

    function add(uint256 i, uint256 amountWei) external {
        address owner = ownerOf(i % OWNERS);
        amountWei = bound(amountWei, 0, MAXIMUM_WEI);
        vm.prank(owner);
        token.approve(address(vault), amountWei);
        vm.prank(owner);
        try vault.add(amountWei) {
            lockedWei += amountWei;
        } catch {}
    }

    // Checks, here because the fixture's contracts are here

    function checkBooks() external view {
        uint256 sum = 0;
        for (uint256 i = 0; i < OWNERS; ++i) sum += vault.stakeOf(ownerOf(i));
        vm.assertEq(sum, vault.totalLockedWei(), "sum of stakes");
        vm.assertEq(token.balanceOf(address(vault)), vault.totalLockedWei(), "tokens held");
        vm.assertEq(lockedWei, vault.totalLockedWei(), "nothing left the vault");
    }

    function checkLimits() external view {
        for (uint256 i = 0; i < OWNERS; ++i) {
            uint256 stakeWei = vault.stakeOf(ownerOf(i));
            vm.assertTrue(stakeWei == 0 || (stakeWei >= MINIMUM_WEI && stakeWei <= MAXIMUM_WEI), "limits");
        }
    }

    function checkKeys() external view {
        for (uint256 i = 0; i < OWNERS; ++i) {
            address owner = ownerOf(i);
            address key = registry.sequencerOf(owner);
            vm.assertEq(key, firstKey[owner]);
            if (key != address(0)) vm.assertEq(registry.ownerOf(key), owner);
        }
    }

    function checkCertificates() external view {
        OperatorView[] memory operators = registry.operators(0, 100);
        for (uint256 i = 0; i < operators.length; ++i) {
            if (operators[i].sequencer == address(0)) continue;
            for (uint256 j = 0; j < i; ++j) {
                if (operators[j].sequencer == address(0)) continue;
                bytes32 mine = keccak256(operators[i].identity.feedCertificate);
                vm.assertTrue(mine != keccak256(operators[j].identity.feedCertificate), "certificates are unique");
            }
        }
    }

    function checkEligible() external view {
        EpochMember[] memory eligible = epochs.eligibleMembers();
        for (uint256 i = 0; i < eligible.length; ++i) {
            address owner = registry.ownerOf(eligible[i].sequencer);
            vm.assertTrue(registry.isWhitelisted(owner), "whitelisted");
            vm.assertEq(eligible[i].stakeWei, vault.stakeOf(owner));
            vm.assertTrue(eligible[i].stakeWei >= MINIMUM_WEI, "minimum");
        }
    }
}

contract StakingInvariantTest is Test {
    StakingHandler private handler;

    function setUp() public {
        handler = new StakingHandler();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = handler.whitelist.selector;
        selectors[1] = handler.delist.selector;
        selectors[2] = handler.register.selector;
        selectors[3] = handler.updateIdentity.selector;
        selectors[4] = handler.lock.selector;
        selectors[5] = handler.add.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_S1_the_vault_holds_exactly_the_sum_of_the_stakes() external view {
        handler.checkBooks();
    }

    function invariant_S2_a_stake_is_zero_or_within_the_limits() external view {
        handler.checkLimits();
    }

    function invariant_S3_a_sequencer_key_has_one_owner_for_ever() external view {
        handler.checkKeys();
    }

    function invariant_S4_no_two_operators_share_a_certificate() external view {
        handler.checkCertificates();
    }

    function invariant_S5_eligible_members_are_whitelisted_and_staked() external view {
        handler.checkEligible();
    }
}
