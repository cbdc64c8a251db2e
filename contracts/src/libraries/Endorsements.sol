// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochMember} from "../interfaces/IEpochRegistry.sol";
import {ISignatureScheme} from "../interfaces/ISignatureScheme.sol";
import {Quorum} from "./Quorum.sol";

/// @notice Independent ECDSA endorsements by the members' sequencer keys: the part of a proof that names its signers (T4).
/// Bytes: bitmap (32, bit i = member i of the epoch order) | one EIP-2098 signature (64) for each set bit, ascending.
library Endorsements {
    uint256 private constant SIGNATURE_BYTES = 64;
    /// @dev n / 2 of secp256k1: a higher s is the malleable twin of a lower one.
    uint256 private constant HALF_N = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @notice Reverts unless the endorsements are all valid and reach 2/3 of the members by count and stake.
    function verify(bytes32 digest, bytes calldata encoded, EpochMember[] memory members, uint256 totalStakeWei)
        internal
        pure
        returns (uint256 bitmap)
    {
        if (encoded.length < 32) revert ISignatureScheme.ProofLengthInvalid(encoded.length, 32);
        bitmap = uint256(bytes32(encoded[:32]));
        if (members.length < 256 && bitmap >> members.length != 0) {
            revert ISignatureScheme.EndorserUnknown(bitmap, members.length);
        }
        uint256 offset = 32;
        uint256 count = 0;
        uint256 stakeWei = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            if (encoded.length < offset + SIGNATURE_BYTES) {
                revert ISignatureScheme.ProofLengthInvalid(encoded.length, offset + SIGNATURE_BYTES);
            }
            address recovered = _recover(digest, encoded[offset:offset + SIGNATURE_BYTES]);
            address expected = members[i].sequencer;
            if (recovered != expected || expected == address(0)) {
                revert ISignatureScheme.EndorsementInvalid(i, expected, recovered);
            }
            stakeWei += members[i].stakeWei;
            offset += SIGNATURE_BYTES;
            ++count;
        }
        if (encoded.length != offset) revert ISignatureScheme.ProofLengthInvalid(encoded.length, offset);
        uint256 required = Quorum.countRequired(members.length);
        if (count < required) revert ISignatureScheme.EndorserCountTooLow(count, required);
        if (!Quorum.isReachedByStake(stakeWei, totalStakeWei)) {
            revert ISignatureScheme.EndorserStakeTooLow(stakeWei, totalStakeWei);
        }
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        bytes32 r = bytes32(signature[:32]);
        uint256 yParityAndS = uint256(bytes32(signature[32:]));
        uint256 s = yParityAndS & (type(uint256).max >> 1);
        if (s > HALF_N) return address(0);
        return ecrecover(digest, uint8(27 + (yParityAndS >> 255)), r, bytes32(s));
    }
}
