// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Merkle root over the 1,024-byte chunks of calldata (the last one short).
/// leaf = keccak256(0x00 | chunk), node = keccak256(0x01 | left | right), an odd node is carried up, no data = 0.
library ChunkMerkle {
    uint256 internal constant CHUNK_BYTES = 1024;

    /// @dev Memory: one chunk behind its 0x00 tag, then the array of nodes, which each level overwrites in place.
    /// A node is hashed where it is written: left and right are moved behind the 0x01 tag in scratch space above.
    function root(bytes calldata data) internal pure returns (bytes32 result) {
        if (data.length == 0) return bytes32(0);
        assembly ("memory-safe") {
            let chunkBuffer := mload(0x40) // 1 + 1024 bytes, kept 32-aligned at 1056
            let nodes := add(chunkBuffer, 1056)
            let count := shr(10, add(data.length, 1023))
            let nodeBuffer := add(nodes, shl(5, count)) // 65 bytes
            mstore(0x40, add(nodeBuffer, 96))

            mstore8(chunkBuffer, 0x00)
            let last := sub(count, 1)
            for { let i := 0 } lt(i, last) { i := add(i, 1) } {
                calldatacopy(add(chunkBuffer, 1), add(data.offset, shl(10, i)), 1024)
                mstore(add(nodes, shl(5, i)), keccak256(chunkBuffer, 1025))
            }
            let lastBytes := sub(data.length, shl(10, last))
            calldatacopy(add(chunkBuffer, 1), add(data.offset, shl(10, last)), lastBytes)
            mstore(add(nodes, shl(5, last)), keccak256(chunkBuffer, add(lastBytes, 1)))

            mstore8(nodeBuffer, 0x01)
            for {} gt(count, 1) {} {
                let pairs := shr(1, count)
                for { let i := 0 } lt(i, pairs) { i := add(i, 1) } {
                    mcopy(add(nodeBuffer, 1), add(nodes, shl(6, i)), 64)
                    mstore(add(nodes, shl(5, i)), keccak256(nodeBuffer, 65))
                }
                if and(count, 1) { mstore(add(nodes, shl(5, pairs)), mload(add(nodes, shl(5, sub(count, 1))))) }
                count := shr(1, add(count, 1))
            }
            result := mload(nodes)
        }
    }
}
