// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {BatchRecord, Head, IRollupChain} from "../src/interfaces/IRollupChain.sol";
import {ISignatureScheme} from "../src/interfaces/ISignatureScheme.sol";
import {BatchHeader} from "../src/libraries/BatchHeaders.sol";
import {L1BlockHashes} from "../src/libraries/L1BlockHashes.sol";
import {PoolFixture} from "./support/PoolFixture.sol";

contract SubmitBatchTest is PoolFixture {
    /// @dev Runtime code of EIP-2935.
    bytes private constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    bytes private data;

    function setUp() public {
        deployActive();
        data = someData(3_000);
    }

    // Acceptance

    function test_accepts_a_batch_signed_by_a_quorum() public {
        BatchHeader memory header = nextHeader(data);
        bytes32 batchHash = chain.hashHeader(header);
        bytes memory proof = prove(batchHash, QUORUM);
        uint64 finalAt = uint64(block.timestamp) + WINDOW_SECONDS;
        vm.expectEmit(address(chain));
        emit IRollupChain.BatchSubmitted(1, batchHash, 1, header, QUORUM, finalAt);
        submitSigned(header, data, proof);

        BatchRecord memory record = chain.getBatch(1);
        vm.assertEq(record.batchHash, batchHash);
        vm.assertEq(record.submittedAtSeconds, block.timestamp);
        vm.assertEq(record.finalAtSeconds, finalAt);
        vm.assertEq(record.liableBitmap, QUORUM);
        Head memory head = chain.head();
        vm.assertEq(head.index, 1);
        vm.assertEq(head.lastBlock, header.lastBlock);
        vm.assertEq(head.lastBlockHash, header.lastBlockHash);
        vm.assertEq(head.timestamp, header.timestamp);
        vm.assertEq(head.l1OriginNumber, header.l1OriginNumber);
    }

    function test_accepts_a_chain_of_batches_from_any_sender() public {
        for (uint64 i = 1; i <= 4; ++i) {
            poster = address(uint160(0x9000 + i));
            submitNext();
            vm.roll(block.number + 3);
        }
        vm.assertEq(chain.head().index, 4);
        vm.assertEq(chain.head().lastBlock, 40);
    }

    function testFuzz_accepts_data_of_any_size_up_to_the_maximum(uint256 size) public {
        size = bound(size, 1, 96 * 1024);
        bytes memory someBytes = new bytes(size);
        someBytes[size / 2] = 0x01;
        submit(nextHeader(someBytes), someBytes);
    }

    function testFuzz_T1_accepts_exactly_the_bitmaps_that_reach_the_quorum(uint256 bitmap) public {
        bitmap = bound(bitmap, 0, ALL);
        uint256 count = 0;
        for (uint256 i = 0; i < MEMBERS; ++i) count += (bitmap >> i) & 1;
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), bitmap);
        if (count < 4) {
            vm.prank(poster, poster);
            vm.expectRevert(abi.encodeWithSelector(ISignatureScheme.EndorserCountTooLow.selector, count, 4));
            chain.submitBatch(header, data, proof);
        } else {
            submitSigned(header, data, proof);
            vm.assertEq(chain.getBatch(1).liableBitmap, bitmap);
        }
    }

    // Sender

    function test_rejects_a_contract_as_sender() public {
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.SenderNotExternal.selector, address(this)));
        chain.submitBatch(header, data, proof);
    }

    function test_rejects_an_account_that_runs_delegated_code() public {
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        vm.etch(poster, hex"ef01000000000000000000000000000000000000000001");
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.SenderNotExternal.selector, poster));
        chain.submitBatch(header, data, proof);
    }

    // Format and continuity

    function test_rejects_wrong_format() public {
        BatchHeader memory header = nextHeader(data);
        header.version = 2;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.VersionUnsupported.selector, 2));
        header = nextHeader(data);
        header.stfVersion = 2;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.StfVersionUnsupported.selector, 2));
        header = nextHeader(data);
        header.chainId = 1;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.ChainIdMismatch.selector, 1, L2_CHAIN_ID));
        header = nextHeader(data);
        header.daKind = 2;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.DataKindUnsupported.selector, 2));
    }

    function test_rejects_a_batch_that_does_not_continue_the_chain() public {
        BatchHeader memory first = submitNext();
        bytes32 firstHash = chain.hashHeader(first);
        BatchHeader memory header = nextHeader(data);
        header.index = 1;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.IndexMismatch.selector, 1, 2));
        header.index = 3;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.IndexMismatch.selector, 3, 2));
        header = nextHeader(data);
        header.parentHash = bytes32(0);
        expectSubmitRevert(
            header, data, abi.encodeWithSelector(IRollupChain.ParentHashMismatch.selector, bytes32(0), firstHash)
        );
        header = nextHeader(data);
        header.firstBlock = 12;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.FirstBlockMismatch.selector, 12, 11));
        header = nextHeader(data);
        header.lastBlock = 10;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.BlockRangeEmpty.selector, 11, 10));
        header = nextHeader(data);
        header.parentBlockHash = GENESIS_HASH;
        expectSubmitRevert(
            header,
            data,
            abi.encodeWithSelector(IRollupChain.ParentBlockHashMismatch.selector, GENESIS_HASH, first.lastBlockHash)
        );
    }

    function test_rejects_a_batch_of_genesis_with_a_parent() public {
        BatchHeader memory header = nextHeader(data);
        header.parentHash = GENESIS_HASH;
        expectSubmitRevert(
            header, data, abi.encodeWithSelector(IRollupChain.ParentHashMismatch.selector, GENESIS_HASH, bytes32(0))
        );
    }

    function test_rejects_a_submitted_batch_again() public {
        BatchHeader memory header = nextHeader(data);
        submit(header, data);
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.IndexMismatch.selector, 1, 2));
    }

    function test_rejects_timestamps_that_do_not_increase_or_are_in_the_future() public {
        BatchHeader memory header = nextHeader(data);
        header.timestamp = GENESIS_TIMESTAMP;
        expectSubmitRevert(
            header,
            data,
            abi.encodeWithSelector(IRollupChain.TimestampNotIncreasing.selector, GENESIS_TIMESTAMP, GENESIS_TIMESTAMP)
        );
        uint64 max = uint64(block.timestamp) + 600;
        header.timestamp = max + 1;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.TimestampInFuture.selector, max + 1, max));
        header.timestamp = max;
        submit(header, data);
    }

    // Epoch

    function test_rejects_an_epoch_that_is_not_active() public {
        BatchHeader memory header = nextHeader(data);
        header.epoch = 2;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.EpochNotActive.selector, 2, 1));
        header.epoch = 0;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.EpochNotActive.selector, 0, 1));
    }

    function test_rejects_every_batch_before_the_first_epoch() public {
        deployPool();
        BatchHeader memory header = nextHeader(data);
        header.epoch = 0;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.EpochNotActive.selector, 0, 0));
    }

    // Data

    function test_rejects_data_that_is_not_the_headers() public {
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        bytes memory shorter = someData(2_999);
        vm.prank(poster, poster);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.DataSizeMismatch.selector, 3_000, 2_999));
        chain.submitBatch(header, shorter, proof);
    }

    function test_rejects_empty_and_oversized_data() public {
        BatchHeader memory header = nextHeader("");
        expectSubmitRevert(header, "", abi.encodeWithSelector(IRollupChain.DataSizeInvalid.selector, 0, 96 * 1024));
        bytes memory large = new bytes(96 * 1024 + 1);
        header = nextHeader(large);
        expectSubmitRevert(
            header, large, abi.encodeWithSelector(IRollupChain.DataSizeInvalid.selector, 96 * 1024 + 1, 96 * 1024)
        );
    }

    function testFuzz_rejects_any_changed_bit_of_the_data(uint256 bit) public {
        bit = bound(bit, 0, data.length * 8 - 1);
        BatchHeader memory header = nextHeader(data);
        bytes memory changed = flipBit(data, bit);
        expectSubmitRevert(
            header,
            changed,
            abi.encodeWithSelector(IRollupChain.DataRootMismatch.selector, header.daRoot, this.chunkRoot(changed))
        );
    }

    // L1 origin

    function test_rejects_an_origin_that_goes_back() public {
        BatchHeader memory first = submitNext();
        vm.roll(block.number + 10);
        BatchHeader memory header = nextHeader(data);
        header.l1OriginNumber = first.l1OriginNumber - 1;
        header.l1OriginHash = blockhash(header.l1OriginNumber);
        expectSubmitRevert(
            header,
            data,
            abi.encodeWithSelector(
                IRollupChain.OriginNotMonotonic.selector, header.l1OriginNumber, first.l1OriginNumber
            )
        );
        header.l1OriginNumber = first.l1OriginNumber;
        header.l1OriginHash = first.l1OriginHash;
        submit(header, data);
    }

    function test_rejects_an_origin_that_is_not_an_l1_block() public {
        BatchHeader memory header = nextHeader(data);
        header.l1OriginHash = keccak256("another fork");
        _expectOriginMismatch(header, blockhash(header.l1OriginNumber));
        header.l1OriginNumber = uint64(block.number);
        _expectOriginMismatch(header, bytes32(0));
        header.l1OriginHash = bytes32(0);
        _expectOriginMismatch(header, bytes32(0));
        header.l1OriginNumber = type(uint64).max;
        _expectOriginMismatch(header, bytes32(0));
    }

    function test_accepts_an_origin_within_256_blocks() public {
        uint64 origin = uint64(block.number - 256);
        bytes32 hash = keccak256("old block");
        vm.setBlockhash(origin, hash);
        _submitWithOrigin(origin, hash);
    }

    function test_accepts_an_older_origin_from_the_history_contract() public {
        vm.roll(20_000);
        uint64 origin = 20_000 - 8_000;
        bytes32 hash = keccak256("old block");
        vm.etch(L1BlockHashes.HISTORY_CONTRACT, HISTORY_CODE);
        vm.store(L1BlockHashes.HISTORY_CONTRACT, bytes32(uint256(origin % 8191)), hash);
        _submitWithOrigin(origin, hash);
    }

    function test_accepts_a_very_old_origin_from_a_checkpoint() public {
        uint64 origin = uint64(block.number - 1);
        bytes32 hash = blockhash(origin);
        chain.checkpointL1Block(origin);
        vm.roll(block.number + 100_000);
        vm.etch(L1BlockHashes.HISTORY_CONTRACT, HISTORY_CODE);
        _submitWithOrigin(origin, hash);
    }

    function test_rejects_a_very_old_origin_without_a_checkpoint() public {
        BatchHeader memory header = nextHeader(data);
        vm.roll(block.number + 100_000);
        _expectOriginMismatch(header, bytes32(0));
    }

    // Forced queue

    function test_takes_queue_entries_in_order() public {
        enqueue("a");
        enqueue("b");
        enqueue("c");
        BatchHeader memory header = nextHeader(data, 2);
        submit(header, data);
        vm.assertEq(chain.head().queueTo, 2);
        header = nextHeader(data, 3);
        header.queueFrom = 1;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.QueueFromMismatch.selector, 1, 2));
        header.queueFrom = 2;
        header.queueTo = 1;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.QueueToInvalid.selector, 1, 2, 3));
        header.queueTo = 4;
        expectSubmitRevert(header, data, abi.encodeWithSelector(IRollupChain.QueueToInvalid.selector, 4, 2, 3));
        header.queueTo = 3;
        submit(header, data);
    }

    function test_T7_accepts_no_batch_without_an_overdue_entry() public {
        enqueue("a");
        uint64 firstDeadline = uint64(block.timestamp) + INCLUSION_SECONDS;
        vm.warp(block.timestamp + 1 minutes);
        enqueue("b");
        vm.warp(firstDeadline);
        submit(nextHeader(data, 0), data);
        vm.warp(firstDeadline + 1);
        BatchHeader memory header = nextHeader(data, 0);
        expectSubmitRevert(
            header, data, abi.encodeWithSelector(IRollupChain.ForcedTransactionOverdue.selector, 0, firstDeadline)
        );
        submit(nextHeader(data, 1), data);
        vm.warp(firstDeadline + 1 minutes + 1);
        expectSubmitRevert(
            nextHeader(data, 1),
            data,
            abi.encodeWithSelector(IRollupChain.ForcedTransactionOverdue.selector, 1, firstDeadline + 1 minutes)
        );
        submit(nextHeader(data, 2), data);
    }

    // Mutation: every bit of what is signed

    function test_T1_rejects_every_flipped_bit_of_the_header() public {
        enqueue("a");
        BatchHeader memory header = nextHeader(data, 1);
        bytes memory call = abi.encodeCall(chain.submitBatch, (header, data, prove(chain.hashHeader(header), QUORUM)));
        for (uint256 bit = 4 * 8; bit < (4 + 21 * 32) * 8; ++bit) _expectCallFails(flipBit(call, bit), bit);
        vm.prank(poster, poster);
        (bool ok,) = address(chain).call(call);
        vm.assertTrue(ok, "the unchanged call succeeds");
    }

    function test_T1_rejects_every_flipped_bit_of_the_proof() public {
        BatchHeader memory header = nextHeader(data);
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        for (uint256 bit = 0; bit < proof.length * 8; ++bit) {
            _expectCallFails(abi.encodeCall(chain.submitBatch, (header, data, flipBit(proof, bit))), bit);
        }
        submitSigned(header, data, proof);
    }

    // Finality

    function test_a_batch_is_final_when_its_window_has_passed() public {
        vm.assertTrue(chain.isFinal(0), "genesis is final");
        submitNext();
        uint256 finalAt = block.timestamp + WINDOW_SECONDS;
        vm.warp(block.timestamp + 1 days);
        submitNext();
        vm.assertFalse(chain.isFinal(1), "window is open");
        vm.assertEq(chain.finalIndex(), 0);
        vm.warp(finalAt - 1);
        vm.assertFalse(chain.isFinal(1), "window is open");
        vm.warp(finalAt);
        vm.assertTrue(chain.isFinal(1), "window has passed");
        vm.assertFalse(chain.isFinal(2), "window of the second is open");
        vm.assertEq(chain.finalIndex(), 1);
        vm.warp(finalAt + 1 days);
        vm.assertEq(chain.finalIndex(), 2);
        vm.assertFalse(chain.isFinal(3), "no such batch");
    }

    function test_unknown_batches_revert() public {
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchUnknown.selector, 0, 0));
        chain.getBatch(0);
        vm.expectRevert(abi.encodeWithSelector(IRollupChain.BatchUnknown.selector, 1, 0));
        chain.getBatch(1);
    }

    // Internal

    function _expectOriginMismatch(BatchHeader memory header, bytes32 actual) private {
        expectSubmitRevert(
            header,
            data,
            abi.encodeWithSelector(
                IRollupChain.OriginHashMismatch.selector, header.l1OriginNumber, header.l1OriginHash, actual
            )
        );
    }

    function _submitWithOrigin(uint64 origin, bytes32 hash) private {
        BatchHeader memory header = nextHeader(data);
        header.l1OriginNumber = origin;
        header.l1OriginHash = hash;
        submit(header, data);
    }

    function _expectCallFails(bytes memory call, uint256 bit) private {
        vm.prank(poster, poster);
        (bool ok,) = address(chain).call(call);
        vm.assertFalse(ok, vm.toString(bit));
    }
}
