/**
 * What the pool decided, as an ordered stream: the one source from which every other service of an operator learns
 * about terms, certified blocks, batches, keys and signing sessions. All members derive the same stream from the
 * same PoS blocks. Mirrors `sequorum.events.v1alpha1.Decision`.
 */
import type { BatchHeader } from "./batch-header.ts";
import type { Hex } from "./bytes.ts";
import type { EpochUpdate } from "./epoch-update.ts";
import type { BatchIndex, BlockHeight, Epoch, L1BlockNumber, PosHeight, Term, Wei } from "./ids.ts";

/** A member of the pool; `index` is its place in the epoch's order (bit of the L1 proof's bitmap). */
export type PoolMember = {
  readonly index: number;
  /** Address of the sequencer key. */
  readonly address: Hex;
  /** Sequencer public key, 64 bytes x | y. */
  readonly publicKey: Hex;
  readonly stakeWei: Wei;
};

/** Why a term started. */
export type TermReason = "genesis" | "span" | "silence";

/** A member's endorsement of a digest: `signature` is r | s | v over it. */
export type MemberEndorsement = { readonly member: Hex; readonly signature: Hex };

/** A dealer's round-1 package of a key generation. */
export type DealerPackage = { readonly dealer: Hex; readonly package: Hex };

/** What a signing session signs: the update that installs an epoch's key, or a batch. */
export type SigningPurpose =
  | { readonly type: "epoch"; readonly epoch: Epoch }
  | { readonly type: "batch"; readonly index: BatchIndex; readonly attempt: number };

/** A signer of one attempt and the pre-published commitment that it must use, and never again. */
export type SessionSigner = {
  readonly member: Hex;
  /** FROST identifier: place in the roster of the key's ceremony, from 1. */
  readonly identifier: number;
  /** List of commitments, and the place in it. */
  readonly generation: number;
  readonly commitmentIndex: number;
  /** Compressed points, 33 bytes. */
  readonly hiding: Hex;
  readonly binding: Hex;
};

/** Why a batch attempt was given up, or the refusal code that most refusers gave. */
export type BatchRejectionCode =
  | "PROPOSAL_TIMEOUT"
  | "ENDORSEMENT_TIMEOUT"
  | "REPLACED_ON_L1"
  | `REFUSED:${string}`
  | `REFUSED_AFTER_SIGNING:${string}`;

/** Why a ceremony was given up. */
export type CeremonyFailureCode =
  | "ROUND1_TIMEOUT"
  | "REVEAL_TIMEOUT"
  | "REVEAL_WRONG"
  | "DEALER_ACCUSED"
  | "COMPLAINED_TOO_MUCH"
  | "CONFIRMATION_TIMEOUT";

/** The members of an epoch, with their stake as it counts. */
export type MembersSet = {
  readonly type: "membersSet";
  readonly epoch: Epoch;
  readonly members: readonly PoolMember[];
};

/**
 * `leader` orders the blocks from `firstBlock` to `lastBlock`; the last certified block is `parentHeight`. Its hash
 * is zero at genesis: every node derives the L2 genesis block itself.
 */
export type TermStarted = {
  readonly type: "termStarted";
  readonly term: Term;
  readonly leader: Hex;
  readonly firstBlock: BlockHeight;
  readonly lastBlock: BlockHeight;
  readonly parentHeight: BlockHeight;
  readonly parentHash: Hex;
  readonly reason: TermReason;
};

/** The L2 blocks from height `from` on are certified; `blockId` is the PoS block whose `certifiedRoot` covers them. */
export type BlocksCertified = {
  readonly type: "blocksCertified";
  readonly from: BlockHeight;
  readonly hashes: readonly Hex[];
  readonly blockId: Hex;
};

/** `proposer` is to propose batch `index`; `openedAtMs` is that of attempt 0, so that age counts on. */
export type BatchOpened = {
  readonly type: "batchOpened";
  readonly index: BatchIndex;
  readonly attempt: number;
  readonly proposer: Hex;
  readonly firstBlock: BlockHeight;
  readonly openedAtMs: number;
  /** What the header must continue: digest, last block (zero before batch 1) and queue position of the batch before. */
  readonly parentHash: Hex;
  readonly parentBlockHash: Hex;
  readonly queueFrom: bigint;
  /** Epoch whose key signs the batch. */
  readonly epoch: Epoch;
};

/** A proposal passed the pool's checks and waits for endorsements. */
export type BatchProposed = {
  readonly type: "batchProposed";
  readonly attempt: number;
  readonly header: BatchHeader;
};

/** >= 2/3 (count and stake) endorsed the header's digest; endorsements in member order. */
export type BatchEndorsed = {
  readonly type: "batchEndorsed";
  readonly attempt: number;
  readonly header: BatchHeader;
  readonly endorsements: readonly MemberEndorsement[];
};

/** The batch may be carried to L1: `proof` is the scheme's L1 proof, `posterOrder` who goes first. */
export type BatchSigned = {
  readonly type: "batchSigned";
  readonly attempt: number;
  readonly header: BatchHeader;
  readonly proof: Hex;
  readonly posterOrder: readonly Hex[];
};

/** >= 2/3 of the power saw the batch on L1 at depth. */
export type BatchPosted = {
  readonly type: "batchPosted";
  readonly index: BatchIndex;
  readonly digest: Hex;
  readonly l1TxHash: Hex;
  readonly l1BlockNumber: L1BlockNumber;
  readonly lastBlock: BlockHeight;
};

/** >= 2/3 of the power saw that the batch can no longer be disputed nor reorganised. */
export type BatchFinal = {
  readonly type: "batchFinal";
  readonly index: BatchIndex;
  readonly lastBlock: BlockHeight;
};

/** The attempt is void; a new one opens. */
export type BatchRejected = {
  readonly type: "batchRejected";
  readonly index: BatchIndex;
  readonly attempt: number;
  readonly code: BatchRejectionCode;
};

/** A distributed key generation started; the roster is pinned and its order gives the FROST identifiers (place + 1). */
export type CeremonyOpened = {
  readonly type: "ceremonyOpened";
  readonly ceremonyId: Hex;
  readonly epoch: Epoch;
  readonly attempt: number;
  readonly roster: readonly PoolMember[];
  readonly threshold: number;
  readonly deadlineMs: number;
};

/** All round-1 packages are there, in roster order: now send the private shares. */
export type CeremonyRound1Completed = {
  readonly type: "ceremonyRound1Completed";
  readonly ceremonyId: Hex;
  readonly packages: readonly DealerPackage[];
  readonly deadlineMs: number;
};

/** `complainer` has no valid share from `dealer`, who must reveal it in time. */
export type CeremonyComplaintRaised = {
  readonly type: "ceremonyComplaintRaised";
  readonly ceremonyId: Hex;
  readonly dealer: Hex;
  readonly complainer: Hex;
};

/** A dealer revealed a share that fits its commitments: the complainer uses it. */
export type CeremonyShareRevealed = {
  readonly type: "ceremonyShareRevealed";
  readonly ceremonyId: Hex;
  readonly dealer: Hex;
  readonly complainer: Hex;
  readonly share: Hex;
};

/** Every roster member confirmed its share. The ceremony's id names the key from now on. */
export type CeremonyCompleted = {
  readonly type: "ceremonyCompleted";
  readonly ceremonyId: Hex;
  readonly epoch: Epoch;
  readonly groupKey: Hex;
  /** Compressed points in roster order. */
  readonly verifyingShares: readonly Hex[];
  readonly roster: readonly Hex[];
  readonly threshold: number;
};

/** The ceremony is void: erase what it made. The next one opens without the culprits if enough remain. */
export type CeremonyFailed = {
  readonly type: "ceremonyFailed";
  readonly ceremonyId: Hex;
  readonly culprits: readonly Hex[];
  readonly code: CeremonyFailureCode;
};

/** One attempt at a threshold signature: these signers use these commitments, in identifier order. */
export type SigningSessionOpened = {
  readonly type: "signingSessionOpened";
  /** Names key, digest and attempt. */
  readonly sessionId: Hex;
  readonly purpose: SigningPurpose;
  readonly keyId: Hex;
  readonly digest: Hex;
  /** Attempt at this digest, from 0. */
  readonly attempt: number;
  readonly roster: readonly SessionSigner[];
  readonly deadlineMs: number;
};

/** The attempt is over: its nonces may be erased. Unless `signed`, another attempt follows. */
export type SigningSessionClosed = {
  readonly type: "signingSessionClosed";
  readonly sessionId: Hex;
  readonly signed: boolean;
  readonly culprits: readonly Hex[];
};

/** A member's commitments replaced its unused ones. */
export type NonceCommitmentsRecorded = {
  readonly type: "nonceCommitmentsRecorded";
  readonly keyId: Hex;
  readonly member: Hex;
  readonly generation: number;
  /** Unused commitments of the member afterwards. */
  readonly unused: number;
};

/** The key proved itself and its members endorsed it: it may be registered on L1. */
export type EpochKeySigned = {
  readonly type: "epochKeySigned";
  readonly update: EpochUpdate;
  readonly digest: Hex;
  readonly members: readonly PoolMember[];
  readonly groupKey: Hex;
  readonly proof: Hex;
  readonly posterOrder: readonly Hex[];
};

/** >= 2/3 of the power saw the epoch registered on L1 at depth: its key signs from now on. */
export type EpochActivated = {
  readonly type: "epochActivated";
  readonly epoch: Epoch;
  readonly groupKey: Hex;
};

/** The key signs no more: erase its shares and say so (`keyErasure`). */
export type KeyRetired = { readonly type: "keyRetired"; readonly keyId: Hex };

/** `member` said that it erased its share. */
export type KeyErased = { readonly type: "keyErased"; readonly keyId: Hex; readonly member: Hex };

/** What was decided. */
export type DecisionBody =
  | MembersSet
  | TermStarted
  | BlocksCertified
  | BatchOpened
  | BatchProposed
  | BatchEndorsed
  | BatchSigned
  | BatchPosted
  | BatchFinal
  | BatchRejected
  | CeremonyOpened
  | CeremonyRound1Completed
  | CeremonyComplaintRaised
  | CeremonyShareRevealed
  | CeremonyCompleted
  | CeremonyFailed
  | SigningSessionOpened
  | SigningSessionClosed
  | NonceCommitmentsRecorded
  | EpochKeySigned
  | EpochActivated
  | KeyRetired
  | KeyErased;

/** A decision and its place in the stream: PoS height 0 is genesis. */
export type Decision = DecisionBody & {
  readonly posHeight: PosHeight;
  /** Place among the decisions of its PoS block, from 0. */
  readonly position: number;
  /** Time of the PoS block. */
  readonly timeMs: number;
};
