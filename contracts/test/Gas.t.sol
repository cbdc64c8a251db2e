// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchHeader} from "../src/libraries/BatchHeaders.sol";
import {EpochUpdate} from "../src/libraries/EpochUpdates.sol";
import {Schnorr} from "../src/libraries/Schnorr.sol";
import {PoolFixture} from "./support/PoolFixture.sol";

/// @dev Upper bounds of what an action may cost. The figures are in snapshots/GasTest.json, and `npm test` fails when they differ.
contract GasTest is PoolFixture {
    uint256 private constant SCHNORR_MAX = 10_000;
    uint256 private constant ENDORSEMENT_MAX = 9_000;
    /// @dev Cold read of a member, which a verification does for all members whether they endorse or not.
    uint256 private constant MEMBER_SLOT = 2_100;
    uint256 private constant BATCH_OVERHEAD_MAX = 250_000;

    function test_gas_of_the_schnorr_check() public {
        deployContracts();
        bytes32 digest = keccak256("digest");
        bytes memory group = schnorr(digest);
        address r;
        uint256 s;
        assembly ("memory-safe") {
            r := shr(96, mload(add(group, 32)))
            s := mload(add(group, 52))
        }
        uint256 px = groupKeyX();
        uint256 before = gasleft();
        bool valid = Schnorr.isValid(px, digest, r, s);
        uint256 used = before - gasleft();
        vm.assertTrue(valid, "valid");
        _record("schnorr check", used, SCHNORR_MAX);
    }

    /// @dev Difference between proofs of four and of five endorsements.
    function test_gas_of_one_endorsement() public {
        deployActive();
        bytes32 digest = keccak256("digest");
        uint256 four = _gasOfVerify(digest, QUORUM);
        uint256 five = _gasOfVerify(digest, ALL);
        _record("endorsement", five - four + MEMBER_SLOT, ENDORSEMENT_MAX);
        _record("scheme.verify with 4 endorsements of 5", four, 60_000);
    }

    /// @dev Execution alone, of data of one chunk; a transaction adds 21,000 and its calldata.
    function test_gas_of_a_batch_besides_its_data() public {
        deployActive();
        submitNext();
        vm.roll(block.number + 3);
        _record("submitBatch of 1 KiB, execution", _gasOfSubmit(1024), BATCH_OVERHEAD_MAX - 21_000);
    }

    function test_gas_of_a_large_batch() public {
        deployActive();
        submitNext();
        vm.roll(block.number + 3);
        _record("submitBatch of 96 KiB, execution", _gasOfSubmit(96 * 1024), 400_000);
    }

    function test_gas_of_a_first_epoch_of_five() public {
        deployPool();
        (EpochUpdate memory update, address[] memory members) = firstUpdate(FROST, groupKey);
        bytes memory proof = prove(epochs.hashUpdate(update), ALL);
        _coolAll();
        epochs.registerFirstEpoch(update, members, groupKey, proof);
        _record("registerFirstEpoch of 5", vm.lastCallGas().gasTotalUsed, 700_000);
    }

    function test_gas_of_a_forced_transaction() public {
        deployContracts();
        enqueue(new bytes(200));
        _coolAll();
        enqueue(new bytes(200));
        _record("enqueue of 200 bytes", vm.lastCallGas().gasTotalUsed, 80_000);
    }

    function _gasOfVerify(bytes32 digest, uint256 bitmap) private returns (uint256) {
        bytes memory call = abi.encodeCall(frost.verify, (1, digest, prove(digest, bitmap)));
        _coolAll();
        uint256 before = gasleft();
        (bool ok,) = address(frost).staticcall(call);
        uint256 used = before - gasleft();
        vm.assertTrue(ok, "verified");
        return used;
    }

    function _gasOfSubmit(uint256 size) private returns (uint256) {
        bytes memory data = someData(size);
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        _coolAll();
        submitSigned(header, data, proof);
        return vm.lastCallGas().gasTotalUsed;
    }

    /// @dev As in a transaction of its own: no account and no storage is warm.
    function _coolAll() private {
        address[9] memory targets = [
            address(token), address(timelock), address(admin), address(registry), address(vault), address(epochs),
            address(frost), address(queue), address(chain)
        ];
        for (uint256 i = 0; i < targets.length; ++i) vm.cool(targets[i]);
    }

    function _record(string memory name, uint256 used, uint256 max) private {
        vm.snapshotValue(name, used);
        vm.assertLe(used, max, name);
    }
}
