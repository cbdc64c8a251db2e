// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {FrostSecp256k1Scheme} from "../src/epochs/FrostSecp256k1Scheme.sol";
import {ISignatureScheme} from "../src/interfaces/ISignatureScheme.sol";
import {BatchHeader, BatchHeaders} from "../src/libraries/BatchHeaders.sol";
import {ChunkMerkle} from "../src/libraries/ChunkMerkle.sol";
import {EpochUpdate, EpochUpdates} from "../src/libraries/EpochUpdates.sol";
import {Schnorr} from "../src/libraries/Schnorr.sol";
import {SequorumDomain} from "../src/libraries/SequorumDomain.sol";
import {StaticEpochs} from "./support/StaticEpochs.sol";
import {Test} from "./support/Test.sol";

/// @dev Vectors made by scripts/generate-vectors.ts with independent libraries; packages/protocol is checked with the same files.
contract VectorsTest is Test {
    function test_batch_headers_hash_as_eip712() public {
        string memory json = _load("batch-header");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        address rollupChain = vm.parseJsonAddress(json, ".domain.rollupChain");
        for (uint256 i = 0; i < _count(json); ++i) {
            bytes memory encoded = vm.parseJsonBytes(json, _at(i, "encoded"));
            BatchHeader memory header = abi.decode(encoded, (BatchHeader));
            vm.assertEq(abi.encode(header), encoded);
            _assertFields(json, i, header);
            bytes32 digest = SequorumDomain.digest(rollupChain, this.headerHash(header));
            vm.assertEq(digest, vm.parseJsonBytes32(json, _at(i, "digest")));
        }
    }

    function test_epoch_updates_hash_as_eip712() public {
        string memory json = _load("epoch-update");
        vm.chainId(vm.parseJsonUint(json, ".domain.chainId"));
        address rollupChain = vm.parseJsonAddress(json, ".domain.rollupChain");
        for (uint256 i = 0; i < _count(json); ++i) {
            EpochUpdate memory update = EpochUpdate({
                epoch: uint64(vm.parseJsonUint(json, _at(i, "update.epoch"))),
                schemeId: vm.parseJsonBytes32(json, _at(i, "update.schemeId")),
                threshold: uint16(vm.parseJsonUint(json, _at(i, "update.threshold"))),
                membersHash: this.membersHash(vm.parseJsonAddressArray(json, _at(i, "members"))),
                groupKeyHash: keccak256(vm.parseJsonBytes(json, _at(i, "groupKey"))),
                previousUpdateHash: vm.parseJsonBytes32(json, _at(i, "update.previousUpdateHash"))
            });
            vm.assertEq(update.membersHash, vm.parseJsonBytes32(json, _at(i, "update.membersHash")));
            bytes32 digest = SequorumDomain.digest(rollupChain, this.updateHash(update));
            vm.assertEq(digest, vm.parseJsonBytes32(json, _at(i, "digest")));
        }
    }

    function test_data_roots() public view {
        string memory json = _load("da-root");
        for (uint256 i = 0; i < _count(json); ++i) {
            bytes memory data = _pattern(vm.parseJsonUint(json, _at(i, "size")));
            vm.assertEq(keccak256(data), vm.parseJsonBytes32(json, _at(i, "dataHash")));
            vm.assertEq(this.chunkRoot(data), vm.parseJsonBytes32(json, _at(i, "root")));
        }
    }

    function test_schnorr_signatures() public view {
        string memory json = _load("schnorr");
        for (uint256 i = 0; i < _count(json); ++i) {
            bool valid = Schnorr.isValid(
                uint256(vm.parseJsonBytes32(json, _at(i, "px"))),
                vm.parseJsonBytes32(json, _at(i, "digest")),
                vm.parseJsonAddress(json, _at(i, "r")),
                uint256(vm.parseJsonBytes32(json, _at(i, "s")))
            );
            vm.assertTrue(valid == vm.parseJsonBool(json, _at(i, "valid")), vm.toString(i));
        }
    }

    function test_whole_proofs() public {
        string memory json = _load("frost-proof");
        StaticEpochs epochs = new StaticEpochs();
        FrostSecp256k1Scheme scheme = new FrostSecp256k1Scheme(address(epochs));
        for (uint256 i = 0; i < _count(json); ++i) {
            address[] memory members = vm.parseJsonAddressArray(json, _at(i, "members"));
            uint96[] memory stakes = new uint96[](members.length);
            for (uint256 j = 0; j < stakes.length; ++j) stakes[j] = 1e18;
            epochs.set(vm.parseJsonBytes(json, _at(i, "groupKey")), members, stakes);
            uint256 bitmap = scheme.verify(
                1, vm.parseJsonBytes32(json, _at(i, "digest")), vm.parseJsonBytes(json, _at(i, "proof"))
            );
            vm.assertEq(bitmap, vm.parseJsonUint(json, _at(i, "bitmap")));
        }
    }

    function test_signatures_made_by_frost() public view {
        string memory json = _load("frost-ethkeccak");
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _of("vectors", i, "r")); ++i) {
            bool valid = Schnorr.isValid(
                uint256(bytes32(vm.parseJsonBytes(json, _of("vectors", i, "groupKey")))),
                bytes32(vm.parseJsonBytes(json, _of("vectors", i, "digest"))),
                address(bytes20(vm.parseJsonBytes(json, _of("vectors", i, "r")))),
                uint256(bytes32(vm.parseJsonBytes(json, _of("vectors", i, "s"))))
            );
            vm.assertTrue(valid == vm.parseJsonBool(json, _of("vectors", i, "expected")), vm.toString(i));
        }
        vm.assertTrue(i > 20, "the file has its vectors");
    }

    /// @dev In this file endorser i has the private key i + 1.
    function test_proofs_made_by_frost() public {
        string memory json = _load("frost-ethkeccak");
        StaticEpochs epochs = new StaticEpochs();
        FrostSecp256k1Scheme scheme = new FrostSecp256k1Scheme(address(epochs));
        uint256 i = 0;
        for (; vm.keyExistsJson(json, _of("proofs", i, "encoded")); ++i) {
            bytes memory proof = vm.parseJsonBytes(json, _of("proofs", i, "encoded"));
            uint256 bitmap;
            assembly ("memory-safe") {
                bitmap := mload(add(proof, 84))
            }
            uint256 width = 0;
            while (bitmap >> width != 0) ++width;
            address[] memory members = new address[](width);
            uint96[] memory stakes = new uint96[](width);
            // Weight only where there is an endorsement: these proofs are about the format, not about a quorum of stake.
            for (uint256 j = 0; j < width; ++j) (members[j], stakes[j]) = (vm.addr(j + 1), uint96((bitmap >> j) & 1));
            epochs.set(vm.parseJsonBytes(json, _of("proofs", i, "groupKey")), members, stakes);
            bytes32 digest = vm.parseJsonBytes32(json, _of("proofs", i, "digest"));
            (bool ok, bytes memory result) = address(scheme).staticcall(abi.encodeCall(scheme.verify, (1, digest, proof)));
            // Nothing but the number of endorsers may be wrong.
            bytes4 tooFew = ISignatureScheme.EndorserCountTooLow.selector;
            vm.assertTrue(ok || width == 0 || bytes4(result) == tooFew, vm.toString(i));
        }
        vm.assertTrue(i > 0, "the file has its proofs");
    }

    // Calldata versions of the libraries

    function headerHash(BatchHeader calldata header) external pure returns (bytes32) {
        return BatchHeaders.structHash(header);
    }

    function updateHash(EpochUpdate calldata update) external pure returns (bytes32) {
        return EpochUpdates.structHash(update);
    }

    function membersHash(address[] calldata members) external pure returns (bytes32) {
        return EpochUpdates.hashMembers(members);
    }

    function chunkRoot(bytes calldata data) external pure returns (bytes32) {
        return ChunkMerkle.root(data);
    }

    // Internal

    function _assertFields(string memory json, uint256 i, BatchHeader memory header) private pure {
        vm.assertEq(header.index, vm.parseJsonUint(json, _at(i, "header.index")));
        vm.assertEq(header.lastBlockHash, vm.parseJsonBytes32(json, _at(i, "header.lastBlockHash")));
        vm.assertEq(header.daSize, vm.parseJsonUint(json, _at(i, "header.daSize")));
        vm.assertEq(header.queueTo, vm.parseJsonUint(json, _at(i, "header.queueTo")));
        vm.assertEq(header.proposer, vm.parseJsonAddress(json, _at(i, "header.proposer")));
        vm.assertEq(header.timestamp, vm.parseJsonUint(json, _at(i, "header.timestamp")));
    }

    function _pattern(uint256 size) private pure returns (bytes memory data) {
        data = new bytes(size);
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, size) { i := add(i, 1) } {
                mstore8(add(add(data, 32), i), add(mul(131, i), size))
            }
        }
    }

    function _load(string memory name) private view returns (string memory) {
        return vm.readFile(string.concat("test/vectors/", name, ".json"));
    }

    function _count(string memory json) private pure returns (uint256) {
        return vm.parseJsonUint(json, ".count");
    }

    function _of(string memory list, uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "].", key);
    }

    function _at(uint256 i, string memory key) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "].", key);
    }
}
