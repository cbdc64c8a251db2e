// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ISequencerRegistry, NetworkIdentity, OperatorView} from "../interfaces/ISequencerRegistry.sol";
import {SequorumDomain} from "../libraries/SequorumDomain.sol";

/// @title SequencerRegistry
/// @notice Specified in ISequencerRegistry.
contract SequencerRegistry is ISequencerRegistry {
    struct Operator {
        bool isKnown;
        bool isWhitelisted;
        address sequencer;
        bytes publicKey;
        NetworkIdentity identity;
    }

    // Constants

    bytes32 private constant KEY_TYPEHASH = keccak256("SequencerKey(address owner,bytes32 publicKeyHash)");
    uint256 internal constant PUBLIC_KEY_BYTES = 64;
    uint256 internal constant ENDPOINT_BYTES_MAX = 256;
    uint256 internal constant CERTIFICATE_BYTES_MAX = 4096;
    uint256 internal constant MULTIADDR_BYTES_MAX = 512;
    /// @notice Operators whitelisted at one time; an epoch has no more members, and its bitmap 128 bits.
    uint256 public constant WHITELIST_MAX = 128;

    // Immutables

    /// @notice The only caller of `whitelist` and `delist`.
    address public immutable timelock;
    /// @notice Verifying contract of the EIP-712 domain.
    address public immutable rollupChain;

    // Storage

    address[] private _owners;
    uint256 private _whitelistedCount;
    mapping(address owner => Operator) private _operators;
    /// @inheritdoc ISequencerRegistry
    mapping(address sequencer => address owner) public ownerOf;
    mapping(bytes32 certificateHash => address owner) private _certificateOwner;

    // Constructor

    /// @param genesisOwners Whitelist at genesis; whoever is not in it goes through the timelock.
    constructor(address timelock_, address rollupChain_, address[] memory genesisOwners) {
        timelock = timelock_;
        rollupChain = rollupChain_;
        for (uint256 i = 0; i < genesisOwners.length; ++i) _whitelist(genesisOwners[i]);
    }

    // Modifiers

    modifier onlyTimelock() {
        if (msg.sender != timelock) revert CallerNotTimelock(msg.sender);
        _;
    }

    // Timelock

    /// @inheritdoc ISequencerRegistry
    function whitelist(address owner) external onlyTimelock {
        _whitelist(owner);
    }

    /// @inheritdoc ISequencerRegistry
    function delist(address owner) external onlyTimelock {
        if (!_operators[owner].isWhitelisted) revert OwnerNotWhitelisted(owner);
        _operators[owner].isWhitelisted = false;
        --_whitelistedCount;
        emit OwnerDelisted(owner);
    }

    // User

    /// @inheritdoc ISequencerRegistry
    function register(bytes calldata publicKey, NetworkIdentity calldata identity, bytes calldata keyProof) external {
        Operator storage operator = _operators[msg.sender];
        if (!operator.isWhitelisted) revert OwnerNotWhitelisted(msg.sender);
        if (operator.sequencer != address(0)) revert AlreadyRegistered(msg.sender, operator.sequencer);
        if (publicKey.length != PUBLIC_KEY_BYTES) revert PublicKeyLengthInvalid(publicKey.length);
        address sequencer = address(uint160(uint256(keccak256(publicKey))));
        if (ownerOf[sequencer] != address(0)) revert SequencerKeyInUse(sequencer, ownerOf[sequencer]);
        // A signature by the address of (x, y) also shows that (x, y) is a point of the curve.
        (address recovered,,) = ECDSA.tryRecover(keyProofDigest(msg.sender, publicKey), keyProof);
        if (recovered != sequencer) revert KeyProofInvalid(sequencer, recovered);

        operator.sequencer = sequencer;
        operator.publicKey = publicKey;
        ownerOf[sequencer] = msg.sender;
        _setIdentity(operator, identity);
        emit SequencerRegistered(msg.sender, sequencer, publicKey, identity);
    }

    /// @inheritdoc ISequencerRegistry
    function updateIdentity(NetworkIdentity calldata identity) external {
        Operator storage operator = _operators[msg.sender];
        if (operator.sequencer == address(0)) revert NotRegistered(msg.sender);
        delete _certificateOwner[keccak256(operator.identity.feedCertificate)];
        delete _certificateOwner[keccak256(operator.identity.consensusCertificate)];
        _setIdentity(operator, identity);
        emit IdentityUpdated(msg.sender, identity);
    }

    // View

    /// @inheritdoc ISequencerRegistry
    function keyProofDigest(address owner, bytes calldata publicKey) public view returns (bytes32) {
        return SequorumDomain.digest(rollupChain, keccak256(abi.encode(KEY_TYPEHASH, owner, keccak256(publicKey))));
    }

    /// @inheritdoc ISequencerRegistry
    function operatorCount() external view returns (uint256) {
        return _owners.length;
    }

    /// @inheritdoc ISequencerRegistry
    function operators(uint256 start, uint256 limit) external view returns (OperatorView[] memory views) {
        uint256 total = _owners.length;
        if (start > total) start = total;
        uint256 count = limit < total - start ? limit : total - start;
        views = new OperatorView[](count);
        for (uint256 i = 0; i < count; ++i) {
            address owner = _owners[start + i];
            Operator storage operator = _operators[owner];
            views[i] = OperatorView({
                owner: owner,
                isWhitelisted: operator.isWhitelisted,
                sequencer: operator.sequencer,
                publicKey: operator.publicKey,
                identity: operator.identity
            });
        }
    }

    /// @inheritdoc ISequencerRegistry
    function candidates() external view returns (address[] memory owners, address[] memory sequencers) {
        uint256 total = _owners.length;
        owners = new address[](total);
        sequencers = new address[](total);
        uint256 count = 0;
        for (uint256 i = 0; i < total; ++i) {
            address owner = _owners[i];
            Operator storage operator = _operators[owner];
            if (!operator.isWhitelisted || operator.sequencer == address(0)) continue;
            owners[count] = owner;
            sequencers[count] = operator.sequencer;
            ++count;
        }
        assembly ("memory-safe") {
            mstore(owners, count)
            mstore(sequencers, count)
        }
    }

    /// @inheritdoc ISequencerRegistry
    function isWhitelisted(address owner) external view returns (bool) {
        return _operators[owner].isWhitelisted;
    }

    /// @inheritdoc ISequencerRegistry
    function sequencerOf(address owner) external view returns (address) {
        return _operators[owner].sequencer;
    }

    // Internal

    function _whitelist(address owner) private {
        if (owner == address(0)) revert OwnerZero();
        Operator storage operator = _operators[owner];
        if (operator.isWhitelisted) revert OwnerAlreadyWhitelisted(owner);
        if (_whitelistedCount == WHITELIST_MAX) revert WhitelistFull(WHITELIST_MAX);
        operator.isWhitelisted = true;
        ++_whitelistedCount;
        if (!operator.isKnown) {
            operator.isKnown = true;
            _owners.push(owner);
        }
        emit OwnerWhitelisted(owner);
    }

    /// @dev Operators are recognised by their certificates, so no two may share one.
    function _setIdentity(Operator storage operator, NetworkIdentity calldata identity) private {
        _requireLength(0, bytes(identity.feedEndpoint).length, ENDPOINT_BYTES_MAX);
        _requireLength(1, identity.feedCertificate.length, CERTIFICATE_BYTES_MAX);
        _requireLength(2, bytes(identity.consensusEndpoint).length, ENDPOINT_BYTES_MAX);
        _requireLength(3, identity.consensusCertificate.length, CERTIFICATE_BYTES_MAX);
        _requireLength(4, bytes(identity.mpcMultiaddr).length, MULTIADDR_BYTES_MAX);
        _claimCertificate(identity.feedCertificate);
        _claimCertificate(identity.consensusCertificate);
        operator.identity = identity;
    }

    function _claimCertificate(bytes calldata certificate) private {
        bytes32 certificateHash = keccak256(certificate);
        address owner = _certificateOwner[certificateHash];
        if (owner != address(0) && owner != msg.sender) revert CertificateInUse(certificateHash, owner);
        _certificateOwner[certificateHash] = msg.sender;
    }

    function _requireLength(uint256 field, uint256 length, uint256 max) private pure {
        if (length == 0 || length > max) revert IdentityFieldLengthInvalid(field, length, max);
    }
}
