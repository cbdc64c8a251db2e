// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Admin} from "../../src/admin/Admin.sol";
import {Timelock} from "../../src/admin/Timelock.sol";
import {EcdsaMultisigScheme} from "../../src/epochs/EcdsaMultisigScheme.sol";
import {EpochRegistry} from "../../src/epochs/EpochRegistry.sol";
import {FrostSecp256k1Scheme} from "../../src/epochs/FrostSecp256k1Scheme.sol";
import {RollupParameters, StakeLimits} from "../../src/interfaces/IAdmin.sol";
import {Head} from "../../src/interfaces/IRollupChain.sol";
import {NetworkIdentity} from "../../src/interfaces/ISequencerRegistry.sol";
import {BatchHeader} from "../../src/libraries/BatchHeaders.sol";
import {ChunkMerkle} from "../../src/libraries/ChunkMerkle.sol";
import {EpochUpdate} from "../../src/libraries/EpochUpdates.sol";
import {Quorum} from "../../src/libraries/Quorum.sol";
import {Schnorr} from "../../src/libraries/Schnorr.sol";
import {ForcedQueue} from "../../src/rollup/ForcedQueue.sol";
import {RollupChain, RollupGenesis} from "../../src/rollup/RollupChain.sol";
import {DevelopmentStakeToken} from "../../src/staking/DevelopmentStakeToken.sol";
import {SequencerRegistry} from "../../src/staking/SequencerRegistry.sol";
import {StakeVault} from "../../src/staking/StakeVault.sol";
import {Test} from "./Test.sol";

/// @notice The whole deployment with a pool of operators, and a pool that signs: the group key is one secret, which makes what FROST
/// makes together.
abstract contract PoolFixture is Test {
    uint256 internal constant MEMBERS = 5;
    uint256 internal constant MINIMUM_WEI = 20_000e18;
    uint256 internal constant MAXIMUM_WEI = 100_000e18;
    uint64 internal constant L2_CHAIN_ID = 59_902;
    bytes32 internal constant GENESIS_HASH = keccak256("genesis");
    uint64 internal constant GENESIS_TIMESTAMP = 1_700_000_000;
    uint32 internal constant WINDOW_SECONDS = 7 days;
    uint32 internal constant INCLUSION_SECONDS = 1 hours;
    uint96 internal constant FEE_WEI = 0.0001 ether;
    uint256 internal constant DELAY_SECONDS = 1 days;
    bytes32 internal constant FROST = keccak256("frost-secp256k1");
    bytes32 internal constant ECDSA = keccak256("ecdsa-multisig");
    uint256 internal constant ALL = (1 << MEMBERS) - 1;
    uint256 internal constant QUORUM = 0x1e; // members 1 to 4

    DevelopmentStakeToken internal token;
    Timelock internal timelock;
    Admin internal admin;
    SequencerRegistry internal registry;
    StakeVault internal vault;
    EpochRegistry internal epochs;
    FrostSecp256k1Scheme internal frost;
    EcdsaMultisigScheme internal ecdsa;
    ForcedQueue internal queue;
    RollupChain internal chain;

    address internal proposer = address(0xAD);
    address internal poster = address(0x7057);
    uint256 internal groupSecret;
    bytes internal groupKey;

    // Deployment

    /// @notice Contracts and genesis whitelist; nobody is registered.
    function deployContracts() internal {
        vm.warp(GENESIS_TIMESTAMP + 1 days);
        vm.roll(1_000);
        address self = address(this);
        uint256 nonce = vm.getNonce(self);
        address epochsAt = vm.computeCreateAddress(self, nonce + 7);
        address chainAt = vm.computeCreateAddress(self, nonce + 9);
        address[] memory owners = new address[](MEMBERS);
        uint256[] memory amounts = new uint256[](MEMBERS);
        for (uint256 i = 0; i < MEMBERS; ++i) (owners[i], amounts[i]) = (ownerOf(i), 2 * MAXIMUM_WEI);
        address[] memory proposers = new address[](1);
        proposers[0] = proposer;

        token = new DevelopmentStakeToken(owners, amounts);
        timelock = new Timelock(DELAY_SECONDS, proposers);
        frost = new FrostSecp256k1Scheme(epochsAt);
        ecdsa = new EcdsaMultisigScheme(epochsAt);
        address[] memory schemes = new address[](2);
        (schemes[0], schemes[1]) = (address(frost), address(ecdsa));
        admin = new Admin(address(timelock), StakeLimits(uint128(MINIMUM_WEI), uint128(MAXIMUM_WEI)), parameters(), schemes);
        registry = new SequencerRegistry(address(timelock), chainAt, owners);
        vault = new StakeVault(address(token), address(admin), address(registry));
        epochs = new EpochRegistry(chainAt, address(admin), address(registry), address(vault));
        queue = new ForcedQueue(address(admin));
        chain = new RollupChain(
            address(admin),
            address(epochs),
            address(queue),
            RollupGenesis(L2_CHAIN_ID, GENESIS_TIMESTAMP, GENESIS_HASH, keccak256("state"))
        );
        vm.assertEq(address(epochs), epochsAt);
        vm.assertEq(address(chain), chainAt);
        _chooseGroupKey();
    }

    /// @notice All operators registered and staked.
    function deployPool() internal {
        deployContracts();
        for (uint256 i = 0; i < MEMBERS; ++i) joinPool(i);
    }

    /// @notice A pool whose first epoch is active.
    function deployActive() internal {
        deployPool();
        (EpochUpdate memory update, address[] memory members) = firstUpdate(FROST, groupKey);
        epochs.registerFirstEpoch(update, members, groupKey, prove(epochs.hashUpdate(update), ALL));
    }

    function joinPool(uint256 i) internal {
        registerOperator(i);
        lockStake(i, MINIMUM_WEI);
    }

    function registerOperator(uint256 i) internal {
        address owner = ownerOf(i);
        bytes memory keyProof = fullSignature(sequencerKey(i), registry.keyProofDigest(owner, publicKeyOf(i)));
        bytes memory publicKey = publicKeyOf(i);
        vm.prank(owner);
        registry.register(publicKey, identityOf(i), keyProof);
    }

    function lockStake(uint256 i, uint256 amountWei) internal {
        vm.prank(ownerOf(i));
        token.approve(address(vault), amountWei);
        vm.prank(ownerOf(i));
        vault.lock(amountWei);
    }

    // Operators

    function ownerOf(uint256 i) internal pure returns (address) {
        return address(uint160(0xA0000 + i));
    }

    function sequencerKey(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("sequencer", i)));
    }

    function sequencerOf(uint256 i) internal pure returns (address) {
        return vm.addr(sequencerKey(i));
    }

    function publicKeyOf(uint256 i) internal returns (bytes memory) {
        return publicKeyOfKey(sequencerKey(i));
    }

    function publicKeyOfKey(uint256 key) internal returns (bytes memory) {
        return abi.encode(vm.createWallet(key).publicKeyX, vm.createWallet(key).publicKeyY);
    }

    function identityOf(uint256 i) internal pure returns (NetworkIdentity memory) {
        string memory n = vm.toString(i);
        return NetworkIdentity({
            feedEndpoint: string.concat("127.0.0.1:70", n),
            feedCertificate: abi.encode("feed", i),
            consensusEndpoint: string.concat("127.0.0.1:71", n),
            consensusCertificate: abi.encode("consensus", i),
            mpcMultiaddr: string.concat("/ip4/127.0.0.1/tcp/72/p2p/", n)
        });
    }

    function parameters() internal pure returns (RollupParameters memory) {
        return RollupParameters({
            challengeWindowSeconds: WINDOW_SECONDS,
            forcedInclusionSeconds: INCLUSION_SECONDS,
            forcedTransactionBytesMax: 128 * 1024,
            batchBytesMax: 96 * 1024,
            timestampDriftSecondsMax: 600,
            forcedFeeWei: FEE_WEI
        });
    }

    // Signing

    function _chooseGroupKey() private {
        groupSecret = uint256(keccak256("group key")) % Schnorr.N;
        if (vm.createWallet(groupSecret).publicKeyY % 2 != 0) groupSecret = Schnorr.N - groupSecret;
        groupKey = abi.encode(vm.createWallet(groupSecret).publicKeyX);
    }

    function groupKeyX() internal view returns (uint256) {
        return uint256(bytes32(groupKey));
    }

    /// @notice address(R) (20) | s (32).
    function schnorr(bytes32 digest) internal view returns (bytes memory) {
        uint256 k = uint256(keccak256(abi.encode("nonce", digest))) % Schnorr.N;
        address r = vm.addr(k);
        uint256 e = uint256(keccak256(abi.encodePacked(groupKeyX(), uint8(27), digest, r))) % Schnorr.N;
        uint256 s = addmod(k, mulmod(e, groupSecret, Schnorr.N), Schnorr.N);
        return abi.encodePacked(r, s);
    }

    /// @notice Bitmap (32) | endorsements (64 each) by the members whose bits are set.
    function endorse(bytes32 digest, uint256 bitmap) internal pure returns (bytes memory encoded) {
        encoded = abi.encode(bitmap);
        for (uint256 i = 0; i < 256; ++i) {
            if ((bitmap >> i) & 1 == 1) encoded = bytes.concat(encoded, compactSignature(sequencerKey(i), digest));
        }
    }

    /// @notice Proof of the FROST scheme.
    function prove(bytes32 digest, uint256 bitmap) internal view returns (bytes memory) {
        return bytes.concat(schnorr(digest), endorse(digest, bitmap));
    }

    function compactSignature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
    }

    function fullSignature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // Epochs

    function firstUpdate(bytes32 schemeId, bytes memory key)
        internal
        pure
        returns (EpochUpdate memory update, address[] memory members)
    {
        return updateOf(schemeId, key, ALL);
    }

    /// @notice An update whose members are those of the bitmap.
    function updateOf(bytes32 schemeId, bytes memory key, uint256 bitmap)
        internal
        pure
        returns (EpochUpdate memory update, address[] memory members)
    {
        members = new address[](MEMBERS);
        bytes memory packed;
        uint256 count = 0;
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            members[count++] = sequencerOf(i);
            packed = abi.encodePacked(packed, sequencerOf(i));
        }
        assembly ("memory-safe") {
            mstore(members, count)
        }
        update = EpochUpdate({
            epoch: 1,
            schemeId: schemeId,
            threshold: uint16(Quorum.countRequired(count)),
            membersHash: keccak256(packed),
            groupKeyHash: keccak256(key),
            previousUpdateHash: bytes32(0)
        });
    }

    // Batches

    function someData(uint256 size) internal pure returns (bytes memory data) {
        data = new bytes(size);
        for (uint256 i = 0; i < size; i += 32) {
            bytes32 word = keccak256(abi.encode(size, i));
            for (uint256 j = 0; j < 32 && i + j < size; ++j) data[i + j] = word[j];
        }
    }

    /// @notice A correct next header of ten blocks for the data, which takes the queue up to `queueTo`.
    function nextHeader(bytes memory data, uint64 queueTo) internal view returns (BatchHeader memory header) {
        Head memory last = chain.head();
        uint64 origin = uint64(block.number - 1);
        header = BatchHeader({
            version: 1,
            stfVersion: 1,
            chainId: L2_CHAIN_ID,
            index: last.index + 1,
            parentHash: last.index == 0 ? bytes32(0) : chain.getBatch(last.index).batchHash,
            firstBlock: last.lastBlock + 1,
            lastBlock: last.lastBlock + 10,
            parentBlockHash: last.lastBlockHash,
            lastBlockHash: keccak256(abi.encode("block", last.lastBlock + 10, block.number)),
            postStateRoot: keccak256(abi.encode("state", last.lastBlock + 10)),
            blockRoot: keccak256(abi.encode("blocks", last.lastBlock + 10)),
            daKind: 1,
            daSize: uint32(data.length),
            daRoot: this.chunkRoot(data),
            queueFrom: last.queueTo,
            queueTo: queueTo,
            l1OriginNumber: origin,
            l1OriginHash: blockhash(origin),
            epoch: 1,
            proposer: sequencerOf(0),
            timestamp: last.timestamp + 10
        });
    }

    function nextHeader(bytes memory data) internal view returns (BatchHeader memory) {
        return nextHeader(data, chain.head().queueTo);
    }

    function chunkRoot(bytes calldata data) external pure returns (bytes32) {
        return ChunkMerkle.root(data);
    }

    /// @notice Signs by a quorum and submits as the poster; arrange vm.expectRevert before `submitSigned` instead for failures.
    function submit(BatchHeader memory header, bytes memory data) internal {
        submitSigned(header, data, prove(chain.hashHeader(header), QUORUM));
    }

    function submitSigned(BatchHeader memory header, bytes memory data, bytes memory proof) internal {
        vm.prank(poster, poster);
        chain.submitBatch(header, data, proof);
    }

    function submitNext() internal returns (BatchHeader memory header) {
        bytes memory data = someData(300);
        header = nextHeader(data);
        submit(header, data);
    }

    /// @notice The call must fail with exactly this error.
    function expectSubmitRevert(BatchHeader memory header, bytes memory data, bytes memory revertData) internal {
        bytes memory proof = prove(chain.hashHeader(header), QUORUM);
        vm.prank(poster, poster);
        vm.expectRevert(revertData);
        chain.submitBatch(header, data, proof);
    }

    function enqueue(bytes memory transaction) internal returns (uint64) {
        vm.deal(address(this), FEE_WEI);
        return queue.enqueue{value: FEE_WEI}(transaction);
    }
}
