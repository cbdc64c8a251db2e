// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochMember, IEpochRegistry} from "../interfaces/IEpochRegistry.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";
import {Endorsements} from "../libraries/Endorsements.sol";
import {Schnorr} from "../libraries/Schnorr.sol";

/// @title FROST-secp256k1-ETHKECCAK-v1: one Schnorr signature and compact endorsements
/// @notice Group key: 32 bytes, x-coordinate of the even-Y key. Proof: address(R) (20) | s (32) | endorsements.
contract FrostSecp256k1Scheme is ISignatureScheme {
    uint256 private constant SIGNATURE_BYTES = 52;

    // Immutables

    IEpochRegistry private immutable _epochs;

    // Constructor

    constructor(address epochRegistry) {
        _epochs = IEpochRegistry(epochRegistry);
    }

    // View

    /// @inheritdoc ISignatureScheme
    function schemeId() external pure returns (bytes32) {
        return keccak256("frost-secp256k1");
    }

    /// @inheritdoc ISignatureScheme
    function validateGroupKey(bytes calldata groupKey) external pure {
        if (groupKey.length != 32 || !Schnorr.isValidKey(uint256(bytes32(groupKey)))) revert GroupKeyInvalid(groupKey);
    }

    /// @inheritdoc ISignatureScheme
    function verify(uint64 epoch, bytes32 digest, bytes calldata proof) external view returns (uint256 liableBitmap) {
        if (proof.length < SIGNATURE_BYTES) revert ProofLengthInvalid(proof.length, SIGNATURE_BYTES);
        (bytes memory groupKey, uint256 totalStakeWei, EpochMember[] memory members) = _epochs.verificationData(epoch);
        address r = address(bytes20(proof[:20]));
        uint256 s = uint256(bytes32(proof[20:SIGNATURE_BYTES]));
        if (!Schnorr.isValid(uint256(bytes32(groupKey)), digest, r, s)) revert GroupSignatureInvalid(digest, r, s);
        return Endorsements.verify(digest, proof[SIGNATURE_BYTES:], members, totalStakeWei);
    }
}
