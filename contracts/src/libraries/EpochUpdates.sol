// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What the pool signs to register an epoch.
/// @param epoch Number of the epoch; the first is 1.
/// @param schemeId Signature scheme, e.g. keccak256("frost-secp256k1").
/// @param threshold Shares needed for a group signature: ceil(2n/3).
/// @param membersHash keccak256 of the members' 20-byte sequencer addresses, packed, in epoch order.
/// @param groupKeyHash keccak256 of the group key's bytes.
/// @param previousUpdateHash Digest of the previous epoch's update; zero for the first.
struct EpochUpdate {
    uint64 epoch;
    bytes32 schemeId;
    uint16 threshold;
    bytes32 membersHash;
    bytes32 groupKeyHash;
    bytes32 previousUpdateHash;
}

/// @notice EIP-712 struct hash of an epoch update.
library EpochUpdates {
    bytes32 internal constant TYPEHASH = keccak256(
        "EpochUpdate(uint64 epoch,bytes32 schemeId,uint16 threshold,bytes32 membersHash,bytes32 groupKeyHash,bytes32 previousUpdateHash)"
    );

    function structHash(EpochUpdate calldata update) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, update));
    }

    /// @dev Packed 20-byte addresses. abi.encodePacked would pad each to 32 bytes.
    function hashMembers(address[] calldata members) internal pure returns (bytes32 result) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            for { let i := 0 } lt(i, members.length) { i := add(i, 1) } {
                mstore(add(start, mul(i, 20)), shl(96, calldataload(add(members.offset, mul(i, 32)))))
            }
            result := keccak256(start, mul(members.length, 20))
        }
    }
}
