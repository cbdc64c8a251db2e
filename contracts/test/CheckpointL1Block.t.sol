// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRollupChain} from "../src/interfaces/IRollupChain.sol";
import {PoolFixture} from "./support/PoolFixture.sol";

contract CheckpointL1BlockTest is PoolFixture {
    function setUp() public {
        deployContracts();
    }

    function testFuzz_anyone_keeps_the_hash_of_a_recent_block(address caller, uint256 age) public {
        age = bound(age, 1, 256);
        uint256 number = block.number - age;
        bytes32 hash = keccak256(abi.encode(number));
        vm.setBlockhash(number, hash);
        vm.expectEmit(address(chain));
        emit IRollupChain.L1BlockCheckpointed(number, hash);
        vm.prank(caller);
        chain.checkpointL1Block(number);
        vm.assertEq(chain.l1BlockCheckpoint(number), hash);
    }

    function testFuzz_rejects_a_block_that_the_evm_does_not_know(uint256 number) public {
        vm.assume(number >= block.number || number < block.number - 256);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.L1BlockHashUnknown.selector, number));
        chain.checkpointL1Block(number);
    }
}
