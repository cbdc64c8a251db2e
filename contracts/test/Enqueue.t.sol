// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RollupParameters} from "../src/interfaces/IAdmin.sol";
import {ForcedEntry, IForcedQueue} from "../src/interfaces/IForcedQueue.sol";
import {PoolFixture} from "./support/PoolFixture.sol";
import {TimelockActions} from "./support/TimelockActions.sol";

contract EnqueueTest is PoolFixture, TimelockActions {
    function setUp() public {
        deployContracts();
        vm.deal(address(this), 1 ether);
    }

    function testFuzz_records_the_entry_and_emits_its_bytes(bytes calldata transaction) public {
        vm.assume(transaction.length > 0);
        enqueue("first");
        uint64 deadline = uint64(block.timestamp) + INCLUSION_SECONDS;
        vm.expectEmit(address(queue));
        emit IForcedQueue.ForcedTransactionEnqueued(1, keccak256(transaction), address(this), deadline, transaction);
        vm.assertEq(enqueue(transaction), 1);
        ForcedEntry memory entry = queue.entry(1);
        vm.assertEq(entry.transactionHash, keccak256(transaction));
        vm.assertEq(entry.deadlineSeconds, deadline);
        vm.assertEq(entry.l1BlockNumber, block.number);
        vm.assertEq(queue.length(), 2);
        (uint64 length, uint64 deadlineSeconds) = queue.lengthAndDeadline(1);
        vm.assertEq(length, 2);
        vm.assertEq(deadlineSeconds, deadline);
        (, deadlineSeconds) = queue.lengthAndDeadline(2);
        vm.assertEq(deadlineSeconds, 0);
    }

    function test_bounds_the_size() public {
        vm.expectRevert(abi.encodeWithSelector(IForcedQueue.TransactionSizeInvalid.selector, 0, 128 * 1024));
        queue.enqueue{value: FEE_WEI}("");
        vm.expectRevert(
            abi.encodeWithSelector(IForcedQueue.TransactionSizeInvalid.selector, 128 * 1024 + 1, 128 * 1024)
        );
        queue.enqueue{value: FEE_WEI}(new bytes(128 * 1024 + 1));
        queue.enqueue{value: FEE_WEI}(new bytes(128 * 1024));
    }

    function testFuzz_takes_the_exact_fee_and_burns_it(uint256 valueWei) public {
        valueWei = bound(valueWei, 0, 1 ether);
        if (valueWei != FEE_WEI) {
            vm.expectRevert(abi.encodeWithSelector(IForcedQueue.FeeMismatch.selector, valueWei, FEE_WEI));
        }
        queue.enqueue{value: valueWei}("a");
        vm.assertEq(address(queue).balance, valueWei == FEE_WEI ? FEE_WEI : 0);
    }

    function test_deadlines_never_decrease_when_the_parameter_is_shortened() public {
        RollupParameters memory changed = parameters();
        changed.forcedInclusionSeconds = 30 days;
        act(timelock, proposer, address(admin), abi.encodeCall(admin.setRollupParameters, (changed)));
        enqueue("a");
        changed.forcedInclusionSeconds = 10;
        act(timelock, proposer, address(admin), abi.encodeCall(admin.setRollupParameters, (changed)));
        enqueue("b");
        vm.assertEq(queue.entry(1).deadlineSeconds, queue.entry(0).deadlineSeconds);
    }

    function test_unknown_positions_revert() public {
        vm.expectRevert(abi.encodeWithSelector(IForcedQueue.PositionUnknown.selector, 0, 0));
        queue.entry(0);
    }
}
