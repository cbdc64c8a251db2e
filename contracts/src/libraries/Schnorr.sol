// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice One Schnorr signature over secp256k1, checked by one ecrecover (THRESHOLD_SIGNATURES).
/// Challenge e = keccak256(Px | 27 | digest | address(R)) mod n; signature (address(R), s) with s = k + e x.
/// ecrecover(-s Px, 27, Px, -e Px) = Px^-1 (-e Px P + s Px G) = sG - eP, so it must give address(R).
library Schnorr {
    /// @notice Order of the group.
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @dev ecrecover's v of an even-Y point: the group key is stored as the x-coordinate of its even-Y form.
    uint8 private constant PARITY_EVEN = 27;

    /// @notice Whether (r, s) is a signature of `digest` by the even-Y key with x-coordinate `px`.
    function isValid(uint256 px, bytes32 digest, address r, uint256 s) internal pure returns (bool) {
        if (!isValidKey(px) || s >= N || r == address(0)) return false;
        uint256 e = uint256(keccak256(abi.encodePacked(px, PARITY_EVEN, digest, r))) % N;
        if (e == 0) return false;
        // Both products are below n; n - e Px is not 0 because n is prime and neither factor is 0.
        bytes32 hash = bytes32(N - mulmod(s, px, N));
        bytes32 scalar = bytes32(N - mulmod(e, px, N));
        return ecrecover(hash, PARITY_EVEN, bytes32(px), scalar) == r;
    }

    /// @notice Whether `px` may be a key at all: ecrecover takes it as "r", which must be in (0, n).
    function isValidKey(uint256 px) internal pure returns (bool) {
        return px != 0 && px < N;
    }
}
