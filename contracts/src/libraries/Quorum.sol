// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice The 2/3 rule of T1; both roundings are against the signers.
library Quorum {
    /// @notice ceil(2n/3): members, or shares, that make a quorum of n.
    function countRequired(uint256 n) internal pure returns (uint256) {
        return (2 * n + 2) / 3;
    }

    /// @notice Whether `part` is at least 2/3 of `total`.
    function isReachedByStake(uint256 part, uint256 total) internal pure returns (bool) {
        return total > 0 && 3 * part >= 2 * total;
    }
}
