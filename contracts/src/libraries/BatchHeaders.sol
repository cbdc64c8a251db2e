// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a batch claims. The order of the fields is the order in which they are hashed and ABI-encoded.
/// @param version Format of this header (1).
/// @param stfVersion State-transition function that judges the batch.
/// @param chainId L2 chain id.
/// @param index Number of the batch; the first is 1.
/// @param parentHash Hash of the previous header; zero for batch 1.
/// @param firstBlock First L2 block.
/// @param lastBlock Last L2 block, inclusive.
/// @param parentBlockHash Hash of the L2 block before `firstBlock`.
/// @param lastBlockHash Hash of `lastBlock`.
/// @param postStateRoot State root of `lastBlock`.
/// @param blockRoot Merkle root of the L2 block hashes.
/// @param daKind 1 = calldata.
/// @param daSize Bytes of data.
/// @param daRoot Merkle root of the 1,024-byte chunks of the data.
/// @param queueFrom First forced-queue position consumed.
/// @param queueTo Position after the last one consumed.
/// @param l1OriginNumber L1 origin of `lastBlock`.
/// @param l1OriginHash Hash of that L1 block.
/// @param epoch Epoch whose key signed the batch.
/// @param proposer Sequencer address of the member that proposed the batch.
/// @param timestamp Timestamp of `lastBlock`, seconds.
struct BatchHeader {
    uint16 version;
    uint16 stfVersion;
    uint64 chainId;
    uint64 index;
    bytes32 parentHash;
    uint64 firstBlock;
    uint64 lastBlock;
    bytes32 parentBlockHash;
    bytes32 lastBlockHash;
    bytes32 postStateRoot;
    bytes32 blockRoot;
    uint8 daKind;
    uint32 daSize;
    bytes32 daRoot;
    uint64 queueFrom;
    uint64 queueTo;
    uint64 l1OriginNumber;
    bytes32 l1OriginHash;
    uint64 epoch;
    address proposer;
    uint64 timestamp;
}

/// @notice EIP-712 struct hash of a batch header.
library BatchHeaders {
    bytes32 internal constant TYPEHASH = keccak256(
        "BatchHeader(uint16 version,uint16 stfVersion,uint64 chainId,uint64 index,bytes32 parentHash,uint64 firstBlock,uint64 lastBlock,bytes32 parentBlockHash,bytes32 lastBlockHash,bytes32 postStateRoot,bytes32 blockRoot,uint8 daKind,uint32 daSize,bytes32 daRoot,uint64 queueFrom,uint64 queueTo,uint64 l1OriginNumber,bytes32 l1OriginHash,uint64 epoch,address proposer,uint64 timestamp)"
    );

    /// @dev ABI encoding checks that every narrow field has clean upper bits, so one header has one hash.
    function structHash(BatchHeader calldata header) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, header));
    }
}
