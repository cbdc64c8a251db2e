// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchRecord, Head} from "../../src/interfaces/IRollupChain.sol";
import {BatchHeader} from "../../src/libraries/BatchHeaders.sol";
import {PoolFixture} from "../support/PoolFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev A pool that posts batches, users who force transactions, a verdict source that voids batches, and an attacker who posts
/// batches with fewer endorsements or with one wrong field.
contract RollupHandler is PoolFixture {
    address internal source = address(0x50);
    BatchHeader[] private _accepted;
    /// @notice Highest batch that was ever final, and its hash.
    uint64 public finalSeen;
    bytes32 public finalHash;
    bool public forgeryAccepted;
    bool public overdueAccepted;

    constructor() {
        deployActive();
        vm.etch(source, hex"00");
        vm.prank(address(timelock));
        admin.registerVerdictSource(source);
    }

    function advance(uint256 secondsPassed) external {
        vm.roll(block.number + 1 + secondsPassed % 5);
        vm.warp(block.timestamp + 1 + secondsPassed % 3 days);
        _noteFinal();
    }

    function force(uint256 size) external {
        enqueue(new bytes(1 + size % 300));
    }

    function post(uint256 taken, uint256 size) external {
        Head memory head = chain.head();
        uint64 queueTo = uint64(bound(taken, head.queueTo, queue.length()));
        bytes memory data = someData(1 + size % 3_000);
        BatchHeader memory header = nextHeader(data, queueTo);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        bool overdue = queueTo < queue.length() && queue.entry(queueTo).deadlineSeconds < block.timestamp;
        vm.prank(poster, poster);
        try chain.submitBatch(header, data, proof) {
            if (overdue) overdueAccepted = true;
            _accepted.push(header);
        } catch {
            if (!overdue) revert("a correct batch was rejected");
        }
        _noteFinal();
    }

    function forge(uint256 bitmap, uint256 field) external {
        bytes memory data = someData(100);
        BatchHeader memory header = nextHeader(data, queue.length());
        bytes memory call = abi.encodeCall(chain.submitBatch, (header, data, _forgedProof(header, bitmap, field)));
        vm.prank(poster, poster);
        (bool ok,) = address(chain).call(call);
        if (ok) forgeryAccepted = true;
    }

    function invalidate(uint256 index) external {
        uint64 head = chain.head().index;
        if (head == 0) return;
        uint64 k = uint64(bound(index, 1, head));
        bool isFinal = chain.isFinal(k);
        BatchHeader memory none;
        vm.prank(source);
        try chain.invalidateFrom(k, k == 1 ? none : _accepted[k - 2]) {
            if (isFinal) revert("a final batch was voided");
            while (_accepted.length >= k) _accepted.pop();
        } catch {
            if (!isFinal) revert("a disputed batch could not be voided");
        }
        _noteFinal();
    }

    // Checks

    function checkChain() external view {
        Head memory head = chain.head();
        vm.assertEq(head.index, _accepted.length, "head is the last accepted batch");
        bytes32 parentHash;
        bytes32 blockHash = GENESIS_HASH;
        uint64 lastBlock = 0;
        uint64 queueTo = 0;
        for (uint256 i = 0; i < _accepted.length; ++i) {
            BatchHeader memory header = _accepted[i];
            vm.assertEq(header.parentHash, parentHash);
            vm.assertEq(header.parentBlockHash, blockHash);
            vm.assertEq(header.firstBlock, lastBlock + 1, "no gap, no overlap");
            vm.assertEq(header.queueFrom, queueTo, "the queue is taken in order");
            parentHash = chain.hashHeader(header);
            vm.assertEq(chain.getBatch(uint64(i + 1)).batchHash, parentHash);
            (blockHash, lastBlock, queueTo) = (header.lastBlockHash, header.lastBlock, header.queueTo);
        }
        vm.assertEq(head.lastBlock, lastBlock, "head block");
        vm.assertEq(head.lastBlockHash, blockHash);
        vm.assertEq(head.queueTo, queueTo, "queue pointer");
        vm.assertLe(queueTo, queue.length(), "queue pointer within the queue");
    }

    function checkFinality() external view {
        if (finalSeen > 0) {
            vm.assertTrue(chain.isFinal(finalSeen), "final stays final");
            vm.assertEq(chain.getBatch(finalSeen).batchHash, finalHash);
        }
        uint64 previous = 0;
        for (uint64 i = 1; i <= chain.head().index; ++i) {
            BatchRecord memory record = chain.getBatch(i);
            vm.assertLe(previous, record.finalAtSeconds, "no batch is final before its parent");
            previous = record.finalAtSeconds;
        }
    }

    function checkDeadlines() external view {
        uint64 previous = 0;
        for (uint64 i = 0; i < queue.length(); ++i) {
            uint64 deadline = queue.entry(i).deadlineSeconds;
            vm.assertLe(previous, deadline, "deadlines never decrease");
            previous = deadline;
        }
    }

    function _noteFinal() private {
        uint64 index = chain.finalIndex();
        if (index == 0 || index < finalSeen) return;
        (finalSeen, finalHash) = (index, chain.getBatch(index).batchHash);
    }

    /// @dev Too few endorsers, or a proof of a header that differs in one field.
    function _forgedProof(BatchHeader memory header, uint256 bitmap, uint256 field)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = chain.hashHeader(header);
        uint256 minority = bitmap & (field % 2 == 0 ? 0x07 : 0x1c);
        if (field % 4 < 2) return prove(digest, minority);
        header.postStateRoot = bytes32(bitmap);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        header.postStateRoot = keccak256(abi.encode(bitmap));
        return proof;
    }
}

contract RollupInvariantTest is Test {
    RollupHandler private handler;

    function setUp() public {
        handler = new RollupHandler();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.advance.selector;
        selectors[1] = handler.force.selector;
        selectors[2] = handler.post.selector;
        selectors[3] = handler.post.selector;
        selectors[4] = handler.post.selector;
        selectors[5] = handler.forge.selector;
        selectors[6] = handler.invalidate.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_R1_accepted_batches_form_one_chain_without_gap_or_overlap() external view {
        handler.checkChain();
    }

    function invariant_R2_T1_no_batch_without_a_quorum_is_accepted() external view {
        vm.assertFalse(handler.forgeryAccepted(), "a forged batch was accepted");
    }

    function invariant_R3_T7_no_batch_leaves_an_overdue_entry_out() external view {
        vm.assertFalse(handler.overdueAccepted(), "an overdue entry was left out");
    }

    function invariant_R4_a_final_batch_stays_final_and_finality_follows_the_chain() external view {
        handler.checkFinality();
    }

    function invariant_R5_deadlines_never_decrease_with_the_position() external view {
        handler.checkDeadlines();
    }
}
