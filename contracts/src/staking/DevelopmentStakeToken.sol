// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title METIS for development networks
/// @notice A fixed supply handed out at deployment. Production stakes the real token.
contract DevelopmentStakeToken is ERC20 {
    /// @notice The two lists have different lengths.
    error AllocationLengthMismatch(uint256 holders, uint256 amounts);

    constructor(address[] memory holders, uint256[] memory amountsWei) ERC20("Metis Token (development)", "METIS") {
        if (holders.length != amountsWei.length) revert AllocationLengthMismatch(holders.length, amountsWei.length);
        for (uint256 i = 0; i < holders.length; ++i) _mint(holders[i], amountsWei[i]);
    }
}
