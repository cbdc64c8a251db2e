// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Head, IRollupChain} from "../src/interfaces/IRollupChain.sol";
import {BatchHeader} from "../src/libraries/BatchHeaders.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract InvalidateFromTest is PoolFixture, TimelockActions {
    address private source = address(0x50);
    BatchHeader[] private headers;

    function setUp() public {
        deployActive();
        vm.etch(source, hex"00");
        act(timelock, proposer, address(admin), abi.encodeCall(admin.registerVerdictSource, (source)));
        enqueue("a");
        enqueue("b");
        for (uint64 i = 1; i <= 3; ++i) {
            bytes memory data = someData(300);
            BatchHeader memory header = nextHeader(data, i < 3 ? i : 2);
            submit(header, data);
            headers.push(header);
            vm.roll(block.number + 2);
            vm.warp(block.timestamp + 10 minutes);
        }
    }

    function test_rejects_a_caller_that_is_no_verdict_source() public {
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.CallerNotVerdictSource.selector, address(this)));
        chain.invalidateFrom(3, headers[1]);
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.CallerNotVerdictSource.selector, address(timelock)));
        chain.invalidateFrom(3, headers[1]);
    }

    function test_returns_the_head_and_the_queue_pointer_to_the_parent() public {
        vm.expectEmit(address(chain));
        emit IRollupChain.BatchesInvalidated(2, 3, 1, source);
        vm.prank(source);
        chain.invalidateFrom(2, headers[0]);
        _assertHead(chain.head(), headers[0]);
        vm.assertEq(chain.head().finalAtSeconds, chain.getBatch(1).finalAtSeconds);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchUnknown.selector, 2, 1));
        chain.getBatch(2);
        vm.warp(block.timestamp + 30 days);
        vm.assertFalse(chain.isFinal(2), "a void batch is never final");
    }

    function test_returns_to_genesis() public {
        BatchHeader memory none;
        vm.prank(source);
        chain.invalidateFrom(1, none);
        Head memory head = chain.head();
        vm.assertEq(head.index, 0);
        vm.assertEq(head.lastBlock, 0);
        vm.assertEq(head.queueTo, 0);
        vm.assertEq(head.l1OriginNumber, 0);
        vm.assertEq(head.timestamp, GENESIS_TIMESTAMP);
        vm.assertEq(head.lastBlockHash, GENESIS_HASH);
        vm.assertEq(head.finalAtSeconds, 0);
    }

    function test_T7_holds_for_entries_of_void_batches() public {
        vm.warp(block.timestamp + 2 hours);
        vm.prank(source);
        chain.invalidateFrom(2, headers[0]);
        bytes memory data = someData(64);
        uint64 deadline = queue.entry(1).deadlineSeconds;
        expectSubmitRevert(
            nextHeader(data, 1), data, abi.encodeWithSelector(IRollupChain.ForcedTransactionOverdue.selector, 1, deadline)
        );
        submit(nextHeader(data, 2), data);
    }

    function test_the_chain_goes_on_from_the_parent() public {
        vm.prank(source);
        chain.invalidateFrom(3, headers[1]);
        bytes memory data = someData(64);
        BatchHeader memory header = nextHeader(data, 2);
        vm.assertEq(header.index, 3);
        vm.assertEq(header.parentHash, chain.hashHeader(headers[1]));
        submit(header, data);
    }

    function test_rejects_unknown_and_final_batches_and_wrong_parents() public {
        vm.prank(source);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchUnknown.selector, 0, 3));
        chain.invalidateFrom(0, headers[0]);
        vm.prank(source);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchUnknown.selector, 4, 3));
        chain.invalidateFrom(4, headers[2]);
        bytes32 expected = chain.hashHeader(headers[0]);
        bytes32 wrong = chain.hashHeader(headers[1]);
        vm.prank(source);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.HeaderMismatch.selector, wrong, expected));
        chain.invalidateFrom(2, headers[1]);
        uint64 finalAt = chain.getBatch(2).finalAtSeconds;
        vm.warp(finalAt);
        vm.prank(source);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchAlreadyFinal.selector, 2, finalAt));
        chain.invalidateFrom(2, headers[0]);
        vm.prank(source);
        chain.invalidateFrom(3, headers[1]);
    }

    function _assertHead(Head memory head, BatchHeader memory header) private pure {
        vm.assertEq(head.index, header.index);
        vm.assertEq(head.lastBlock, header.lastBlock);
        vm.assertEq(head.queueTo, header.queueTo);
        vm.assertEq(head.timestamp, header.timestamp);
        vm.assertEq(head.lastBlockHash, header.lastBlockHash);
        vm.assertEq(head.l1OriginNumber, header.l1OriginNumber);
    }
}
