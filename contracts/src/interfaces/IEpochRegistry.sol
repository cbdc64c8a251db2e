// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochUpdate} from "../libraries/EpochUpdates.sol";

/// @notice A member of an epoch, one storage word.
struct EpochMember {
    address sequencer;
    uint96 stakeWei;
}

/// @notice An epoch without its members.
/// @param updateHash EIP-712 digest of the update that registered it.
/// @param schemeId Its signature scheme.
/// @param scheme Implementation, fixed at registration.
/// @param threshold Shares needed for a group signature.
/// @param totalStakeWei Sum of the members' stake snapshot.
/// @param groupKey Group key in the scheme's format.
struct EpochView {
    bytes32 updateHash;
    bytes32 schemeId;
    address scheme;
    uint16 threshold;
    uint256 totalStakeWei;
    bytes groupKey;
}

/// @title The pool's key and members, epoch by epoch
/// @notice Anyone may carry a registration; what counts is the signature. The first epoch must be endorsed by >= 2/3 of ALL
/// eligible operators (whitelisted, registered, stake >= minimum) by count and stake, not only of its own members: otherwise
/// one operator could register an epoch of itself.
interface IEpochRegistry {
    /// @notice There is an epoch already.
    error FirstEpochAlreadyRegistered(uint64 activeEpoch);
    /// @notice The update is not for the next epoch.
    error EpochNumberInvalid(uint64 epoch, uint64 expected);
    /// @notice The update does not follow the previous one.
    error PreviousUpdateMismatch(bytes32 previousUpdateHash, bytes32 expected);
    /// @notice Admin registered no such scheme.
    error SchemeUnknown(bytes32 schemeId);
    /// @notice The threshold is not ceil(2n/3).
    error ThresholdInvalid(uint256 threshold, uint256 expected);
    /// @notice The members are not those of the update.
    error MembersHashMismatch(bytes32 membersHash, bytes32 expected);
    /// @notice The group key is not that of the update.
    error GroupKeyHashMismatch(bytes32 groupKeyHash, bytes32 expected);
    /// @notice There are no members, or too many.
    error MemberCountInvalid(uint256 count, uint256 max);
    /// @notice The member is not whitelisted, has too little stake, or is listed twice.
    error MemberNotEligible(address sequencer);
    /// @notice The endorsers are fewer than 2/3 of the eligible operators.
    error PoolCountTooLow(uint256 count, uint256 required);
    /// @notice The endorsers hold less than 2/3 of the eligible stake.
    error PoolStakeTooLow(uint256 stakeWei, uint256 totalStakeWei);
    /// @notice There is no such epoch.
    error EpochUnknown(uint64 epoch);

    /// @notice An epoch is registered and active.
    event EpochRegistered(
        uint64 indexed epoch,
        bytes32 indexed updateHash,
        EpochUpdate update,
        address[] members,
        uint256[] stakesWei,
        bytes groupKey,
        uint256 liableBitmap
    );

    /// @notice Registers the first epoch.
    /// @param update What was signed; `epoch` is 1 and `previousUpdateHash` zero.
    /// @param members Sequencer addresses in epoch order.
    /// @param groupKey Group key in the scheme's format.
    /// @param proof Proof of possession: the scheme's proof over the digest of `update`, by this very key and these members.
    function registerFirstEpoch(
        EpochUpdate calldata update,
        address[] calldata members,
        bytes calldata groupKey,
        bytes calldata proof
    ) external;

    /// @notice Epoch whose key signs batches now; 0 before the first.
    function activeEpoch() external view returns (uint64);

    /// @notice The active epoch and its scheme's implementation.
    function activeScheme() external view returns (uint64 epoch, address scheme);

    /// @notice An epoch.
    function getEpoch(uint64 epoch) external view returns (EpochView memory);

    /// @notice Members of an epoch in epoch order.
    function getMembers(uint64 epoch) external view returns (EpochMember[] memory);

    /// @notice What a scheme needs to verify a proof.
    function verificationData(uint64 epoch)
        external
        view
        returns (bytes memory groupKey, uint256 totalStakeWei, EpochMember[] memory members);

    /// @notice EIP-712 digest of an update.
    function hashUpdate(EpochUpdate calldata update) external view returns (bytes32);

    /// @notice Sequencers eligible for an epoch now, with their stakes, in whitelist order.
    function eligibleMembers() external view returns (EpochMember[] memory);
}
