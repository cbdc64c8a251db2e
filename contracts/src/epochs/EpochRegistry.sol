// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAdmin} from "../interfaces/IAdmin.sol";
import {EpochMember, EpochView, IEpochRegistry} from "../interfaces/IEpochRegistry.sol";
import {ISequencerRegistry} from "../interfaces/ISequencerRegistry.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";
import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {EpochUpdate, EpochUpdates} from "../libraries/EpochUpdates.sol";
import {Quorum} from "../libraries/Quorum.sol";
import {SequorumDomain} from "../libraries/SequorumDomain.sol";

/// @title EpochRegistry
/// @notice Specified in IEpochRegistry.
contract EpochRegistry is IEpochRegistry {
    using SafeCast for uint256;

    struct Epoch {
        bytes32 updateHash;
        bytes32 schemeId;
        address scheme;
        uint16 threshold;
        uint256 totalStakeWei;
        bytes groupKey;
        EpochMember[] members;
    }

    // Constants

    uint64 internal constant FIRST_EPOCH = 1;
    /// @notice Members of an epoch: a batch record keeps 128 bits of liability.
    uint256 public constant MEMBERS_MAX = 128;

    // Immutables

    address private immutable _rollupChain;
    IAdmin private immutable _admin;
    ISequencerRegistry private immutable _registry;
    IStakeVault private immutable _vault;

    // Storage

    /// @inheritdoc IEpochRegistry
    uint64 public activeEpoch;
    mapping(uint64 epoch => Epoch) private _epochs;

    // Constructor

    constructor(address rollupChain, address admin, address registry, address vault) {
        _rollupChain = rollupChain;
        _admin = IAdmin(admin);
        _registry = ISequencerRegistry(registry);
        _vault = IStakeVault(vault);
    }

    // User

    /// @inheritdoc IEpochRegistry
    function registerFirstEpoch(
        EpochUpdate calldata update,
        address[] calldata members,
        bytes calldata groupKey,
        bytes calldata proof
    ) external {
        if (activeEpoch != 0) revert FirstEpochAlreadyRegistered(activeEpoch);
        if (update.epoch != FIRST_EPOCH) revert EpochNumberInvalid(update.epoch, FIRST_EPOCH);
        if (update.previousUpdateHash != bytes32(0)) revert PreviousUpdateMismatch(update.previousUpdateHash, bytes32(0));
        address scheme = _validateUpdate(update, members, groupKey);
        ISignatureScheme(scheme).validateGroupKey(groupKey);

        EpochMember[] memory eligible = eligibleMembers();
        uint256 poolCount = eligible.length;
        uint256 poolStakeWei = _totalStakeWei(eligible);
        EpochMember[] memory snapshot = _takeMembers(members, eligible);
        bytes32 updateHash = hashUpdate(update);
        _store(update, updateHash, scheme, groupKey, snapshot);

        // The proof is checked against the epoch just written, so that registering proves possession of its key.
        uint256 liableBitmap = ISignatureScheme(scheme).verify(update.epoch, updateHash, proof);
        _requirePoolQuorum(snapshot, liableBitmap, poolCount, poolStakeWei);
        _emitRegistered(update, updateHash, members, groupKey, liableBitmap);
    }

    // View

    /// @inheritdoc IEpochRegistry
    function activeScheme() external view returns (uint64 epoch, address scheme) {
        epoch = activeEpoch;
        scheme = _epochs[epoch].scheme;
    }

    /// @inheritdoc IEpochRegistry
    function getEpoch(uint64 epoch) external view returns (EpochView memory) {
        Epoch storage e = _known(epoch);
        return EpochView({
            updateHash: e.updateHash,
            schemeId: e.schemeId,
            scheme: e.scheme,
            threshold: e.threshold,
            totalStakeWei: e.totalStakeWei,
            groupKey: e.groupKey
        });
    }

    /// @inheritdoc IEpochRegistry
    function getMembers(uint64 epoch) external view returns (EpochMember[] memory) {
        return _known(epoch).members;
    }

    /// @inheritdoc IEpochRegistry
    function verificationData(uint64 epoch)
        external
        view
        returns (bytes memory groupKey, uint256 totalStakeWei, EpochMember[] memory members)
    {
        Epoch storage e = _known(epoch);
        return (e.groupKey, e.totalStakeWei, e.members);
    }

    /// @inheritdoc IEpochRegistry
    function hashUpdate(EpochUpdate calldata update) public view returns (bytes32) {
        return SequorumDomain.digest(_rollupChain, EpochUpdates.structHash(update));
    }

    /// @inheritdoc IEpochRegistry
    function eligibleMembers() public view returns (EpochMember[] memory eligible) {
        (address[] memory owners, address[] memory sequencers) = _registry.candidates();
        uint256[] memory stakesWei = _vault.stakesOf(owners);
        uint256 minimumWei = _admin.stakeLimits().minimumWei;
        eligible = new EpochMember[](owners.length);
        uint256 count = 0;
        for (uint256 i = 0; i < owners.length; ++i) {
            if (stakesWei[i] < minimumWei) continue;
            eligible[count++] = EpochMember({sequencer: sequencers[i], stakeWei: stakesWei[i].toUint96()});
        }
        assembly ("memory-safe") {
            mstore(eligible, count)
        }
    }

    // Internal

    function _validateUpdate(EpochUpdate calldata update, address[] calldata members, bytes calldata groupKey)
        private
        view
        returns (address scheme)
    {
        scheme = _admin.schemeOf(update.schemeId);
        if (scheme == address(0)) revert SchemeUnknown(update.schemeId);
        if (members.length == 0 || members.length > MEMBERS_MAX) revert MemberCountInvalid(members.length, MEMBERS_MAX);
        uint256 threshold = Quorum.countRequired(members.length);
        if (update.threshold != threshold) revert ThresholdInvalid(update.threshold, threshold);
        bytes32 membersHash = EpochUpdates.hashMembers(members);
        if (update.membersHash != membersHash) revert MembersHashMismatch(update.membersHash, membersHash);
        bytes32 groupKeyHash = keccak256(groupKey);
        if (update.groupKeyHash != groupKeyHash) revert GroupKeyHashMismatch(update.groupKeyHash, groupKeyHash);
    }

    /// @dev Takes each member out of `eligible`, so that none is taken twice. The search goes on where the last one ended:
    /// linear when the epoch order follows the whitelist order.
    function _takeMembers(address[] calldata members, EpochMember[] memory eligible)
        private
        pure
        returns (EpochMember[] memory snapshot)
    {
        snapshot = new EpochMember[](members.length);
        uint256 cursor = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 tried = 0;
            while (tried < eligible.length && eligible[cursor].sequencer != members[i]) {
                cursor = cursor + 1 == eligible.length ? 0 : cursor + 1;
                ++tried;
            }
            if (tried == eligible.length || members[i] == address(0)) revert MemberNotEligible(members[i]);
            snapshot[i] = EpochMember({sequencer: members[i], stakeWei: eligible[cursor].stakeWei});
            eligible[cursor].sequencer = address(0);
        }
    }

    function _store(
        EpochUpdate calldata update,
        bytes32 updateHash,
        address scheme,
        bytes calldata groupKey,
        EpochMember[] memory snapshot
    ) private {
        Epoch storage e = _epochs[update.epoch];
        e.updateHash = updateHash;
        e.schemeId = update.schemeId;
        e.scheme = scheme;
        e.threshold = update.threshold;
        e.totalStakeWei = _totalStakeWei(snapshot);
        e.groupKey = groupKey;
        for (uint256 i = 0; i < snapshot.length; ++i) e.members.push(snapshot[i]);
        activeEpoch = update.epoch;
    }

    function _requirePoolQuorum(
        EpochMember[] memory snapshot,
        uint256 liableBitmap,
        uint256 poolCount,
        uint256 poolStakeWei
    ) private pure {
        uint256 count = 0;
        uint256 stakeWei = 0;
        for (uint256 i = 0; i < snapshot.length; ++i) {
            if ((liableBitmap >> i) & 1 == 0) continue;
            ++count;
            stakeWei += snapshot[i].stakeWei;
        }
        uint256 required = Quorum.countRequired(poolCount);
        if (count < required) revert PoolCountTooLow(count, required);
        if (!Quorum.isReachedByStake(stakeWei, poolStakeWei)) revert PoolStakeTooLow(stakeWei, poolStakeWei);
    }

    function _emitRegistered(
        EpochUpdate calldata update,
        bytes32 updateHash,
        address[] calldata members,
        bytes calldata groupKey,
        uint256 liableBitmap
    ) private {
        EpochMember[] storage stored = _epochs[update.epoch].members;
        uint256[] memory stakesWei = new uint256[](members.length);
        for (uint256 i = 0; i < members.length; ++i) stakesWei[i] = stored[i].stakeWei;
        emit EpochRegistered(update.epoch, updateHash, update, members, stakesWei, groupKey, liableBitmap);
    }

    function _totalStakeWei(EpochMember[] memory members) private pure returns (uint256 totalWei) {
        for (uint256 i = 0; i < members.length; ++i) totalWei += members[i].stakeWei;
    }

    function _known(uint64 epoch) private view returns (Epoch storage e) {
        e = _epochs[epoch];
        if (e.updateHash == bytes32(0)) revert EpochUnknown(epoch);
    }
}
