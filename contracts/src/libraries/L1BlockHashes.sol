// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Hashes of recent L1 blocks: 256 by the opcode, 8,191 by the history contract of EIP-2935.
library L1BlockHashes {
    address internal constant HISTORY_CONTRACT = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @notice Hash of block `number`, or zero if the EVM does not know it (any more).
    function recent(uint256 number) internal view returns (bytes32 hash) {
        hash = blockhash(number);
        if (hash != bytes32(0) || number >= block.number) return hash;
        // Before Prague there is no code: the call succeeds with empty output. Out of range, the contract reverts.
        (bool ok, bytes memory output) = HISTORY_CONTRACT.staticcall(abi.encode(number));
        if (ok && output.length == 32) hash = abi.decode(output, (bytes32));
    }
}
