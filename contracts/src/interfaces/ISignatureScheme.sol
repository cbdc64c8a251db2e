// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The pluggable slot for the pool's aggregate signature
/// @notice T1: a digest is authorised by the group key of an epoch AND endorsed by members holding >= 2/3 of it by
/// count and by stake. A scheme checks both, or reverts with one of the typed errors below.
interface ISignatureScheme {
    /// @notice The group key is not one of this scheme.
    error GroupKeyInvalid(bytes groupKey);
    /// @notice The group signature does not verify.
    error GroupSignatureInvalid(bytes32 digest, address r, uint256 s);
    /// @notice The proof's length does not fit its bitmap.
    error ProofLengthInvalid(uint256 length, uint256 expected);
    /// @notice The bitmap names a member that the epoch does not have.
    error EndorserUnknown(uint256 bitmap, uint256 memberCount);
    /// @notice An endorsement is not by the member at this place of the epoch order, or has a high s.
    error EndorsementInvalid(uint256 memberIndex, address expected, address recovered);
    /// @notice Fewer than ceil(2n/3) members endorsed.
    error EndorserCountTooLow(uint256 count, uint256 required);
    /// @notice The endorsers hold less than 2/3 of the epoch's stake.
    error EndorserStakeTooLow(uint256 stakeWei, uint256 totalStakeWei);

    /// @notice keccak256 of the scheme's name.
    function schemeId() external pure returns (bytes32);

    /// @notice Reverts unless `groupKey` can be a group key of this scheme.
    function validateGroupKey(bytes calldata groupKey) external pure;

    /// @notice Reverts unless `proof` authorises `digest` for `epoch`.
    /// @return liableBitmap Bit i: member i of the epoch order answers with its stake for what it signed. A scheme that
    /// cannot name its signers sets the bits of all members.
    function verify(uint64 epoch, bytes32 digest, bytes calldata proof) external view returns (uint256 liableBitmap);
}
