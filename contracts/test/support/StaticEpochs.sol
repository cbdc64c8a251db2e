// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EpochMember, IEpochRegistry} from "../../src/interfaces/IEpochRegistry.sol";

/// @notice The part of the epoch registry that a scheme reads, with one epoch set by the test.
contract StaticEpochs {
    bytes private _groupKey;
    EpochMember[] private _members;

    function set(bytes memory groupKey, address[] memory sequencers, uint96[] memory stakesWei) external {
        _groupKey = groupKey;
        delete _members;
        for (uint256 i = 0; i < sequencers.length; ++i) _members.push(EpochMember(sequencers[i], stakesWei[i]));
    }

    function verificationData(uint64 epoch)
        external
        view
        returns (bytes memory groupKey, uint256 totalStakeWei, EpochMember[] memory members)
    {
        if (epoch != 1) revert IEpochRegistry.EpochUnknown(epoch);
        for (uint256 i = 0; i < _members.length; ++i) totalStakeWei += _members[i].stakeWei;
        return (_groupKey, totalStakeWei, _members);
    }
}
