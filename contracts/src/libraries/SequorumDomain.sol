// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The one EIP-712 domain of everything signed in a network: its verifying contract is the RollupChain.
library SequorumDomain {
    bytes32 private constant TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME_HASH = keccak256("Sequorum");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @dev Computed on each use, so that a fork of L1 with another chain id has another domain.
    function separator(address rollupChain) internal view returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, rollupChain));
    }

    function digest(address rollupChain, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator(rollupChain), structHash));
    }
}
