// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochMember, IEpochRegistry} from "../interfaces/IEpochRegistry.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";
import {Endorsements} from "../libraries/Endorsements.sol";

/// @title Endorsements alone, without a group key
/// @notice For a pool that cannot hold a key ceremony. The group key is empty; the proof is the endorsements.
contract EcdsaMultisigScheme is ISignatureScheme {
    // Immutables

    IEpochRegistry private immutable _epochs;

    // Constructor

    constructor(address epochRegistry) {
        _epochs = IEpochRegistry(epochRegistry);
    }

    // View

    /// @inheritdoc ISignatureScheme
    function schemeId() external pure returns (bytes32) {
        return keccak256("ecdsa-multisig");
    }

    /// @inheritdoc ISignatureScheme
    function validateGroupKey(bytes calldata groupKey) external pure {
        if (groupKey.length != 0) revert GroupKeyInvalid(groupKey);
    }

    /// @inheritdoc ISignatureScheme
    function verify(uint64 epoch, bytes32 digest, bytes calldata proof) external view returns (uint256 liableBitmap) {
        (, uint256 totalStakeWei, EpochMember[] memory members) = _epochs.verificationData(epoch);
        return Endorsements.verify(digest, proof, members, totalStakeWei);
    }
}
