// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice How other operators reach and recognise an operator.
/// @param feedEndpoint host:port of the block feed.
/// @param feedCertificate DER X.509 certificate of the block feed.
/// @param consensusEndpoint host:port of the consensus channel.
/// @param consensusCertificate DER X.509 certificate of the consensus channel.
/// @param mpcMultiaddr libp2p address of the MPC channel, ending in /p2p/<peer id>.
struct NetworkIdentity {
    string feedEndpoint;
    bytes feedCertificate;
    string consensusEndpoint;
    bytes consensusCertificate;
    string mpcMultiaddr;
}

/// @notice An operator as the registry holds it.
/// @param owner Account that owns the stake.
/// @param isWhitelisted Whether Admin admits it now.
/// @param sequencer Address of the sequencer key; zero before registration.
/// @param publicKey The sequencer key, 64 bytes x | y.
/// @param identity Network identity.
struct OperatorView {
    address owner;
    bool isWhitelisted;
    address sequencer;
    bytes publicKey;
    NetworkIdentity identity;
}

/// @title Who may be in the pool, and by which key
/// @notice Admin whitelists owners (T: behind the timelock; the genesis whitelist is part of the deployment). A
/// whitelisted owner registers one sequencer key, proving that it holds it. Keys and certificates are unique.
/// The order of operators is the order of their whitelisting and never changes.
interface ISequencerRegistry {
    /// @notice The caller is not the timelock.
    error CallerNotTimelock(address caller);
    /// @notice The owner is the zero address.
    error OwnerZero();
    /// @notice The owner is whitelisted already.
    error OwnerAlreadyWhitelisted(address owner);
    /// @notice The owner is not whitelisted.
    error OwnerNotWhitelisted(address owner);
    /// @notice The whitelist is full.
    error WhitelistFull(uint256 max);
    /// @notice The owner has registered a key.
    error AlreadyRegistered(address owner, address sequencer);
    /// @notice The owner has not registered a key.
    error NotRegistered(address owner);
    /// @notice A public key has 64 bytes.
    error PublicKeyLengthInvalid(uint256 length);
    /// @notice The key belongs to another owner.
    error SequencerKeyInUse(address sequencer, address owner);
    /// @notice The proof is not a signature of `keyProofDigest` by the key.
    error KeyProofInvalid(address sequencer, address recovered);
    /// @notice A field of the identity is empty or too long; `field` counts from 0.
    error IdentityFieldLengthInvalid(uint256 field, uint256 length, uint256 max);
    /// @notice The certificate is registered by another owner.
    error CertificateInUse(bytes32 certificateHash, address owner);

    /// @notice Admin admits an owner.
    event OwnerWhitelisted(address indexed owner);
    /// @notice Admin no longer admits an owner. Its stake is untouched.
    event OwnerDelisted(address indexed owner);
    /// @notice An owner registered its sequencer key.
    event SequencerRegistered(address indexed owner, address indexed sequencer, bytes publicKey, NetworkIdentity identity);
    /// @notice An owner changed its network identity.
    event IdentityUpdated(address indexed owner, NetworkIdentity identity);

    /// @notice Admits an owner. Timelock only.
    function whitelist(address owner) external;

    /// @notice Stops admitting an owner: it is not eligible for later epochs. Timelock only.
    function delist(address owner) external;

    /// @notice Registers the caller's sequencer key and network identity.
    /// @param publicKey 64 bytes x | y.
    /// @param identity Network identity.
    /// @param keyProof 65-byte signature (r | s | v) of `keyProofDigest(caller, publicKey)` by the sequencer key, so that
    /// nobody can take another operator's key.
    function register(bytes calldata publicKey, NetworkIdentity calldata identity, bytes calldata keyProof) external;

    /// @notice Changes the caller's network identity.
    function updateIdentity(NetworkIdentity calldata identity) external;

    /// @notice EIP-712 digest of `SequencerKey(address owner,bytes32 publicKeyHash)` that a sequencer key signs to register.
    function keyProofDigest(address owner, bytes calldata publicKey) external view returns (bytes32);

    /// @notice Number of operators ever whitelisted.
    function operatorCount() external view returns (uint256);

    /// @notice Operators from `start`, at most `limit`, in whitelist order.
    function operators(uint256 start, uint256 limit) external view returns (OperatorView[] memory);

    /// @notice Owners and sequencers that are whitelisted and have a key, in whitelist order.
    function candidates() external view returns (address[] memory owners, address[] memory sequencers);

    /// @notice Whether Admin admits the owner now.
    function isWhitelisted(address owner) external view returns (bool);

    /// @notice Sequencer address of an owner, zero if none.
    function sequencerOf(address owner) external view returns (address);

    /// @notice Owner of a sequencer key, zero if none.
    function ownerOf(address sequencer) external view returns (address);
}
