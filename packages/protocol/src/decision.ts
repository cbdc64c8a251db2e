/**
 * What the pool decided, as an ordered stream: the one source from which every other service of an operator learns
 * about terms, certified blocks, batches, keys and signing sessions. All members derive the same decisions from the
 * same PoS blocks; only the votes inside a `CommitCertificate` may be another quorum of the same precommits.
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

/** One precommit of a commit certificate: EIP-712 `Vote` with voteType 2. */
export type CertificateVote = { readonly validator: Hex; readonly signature: Hex };

/** Proof that > 2/3 of the power committed a PoS block. */
export type CommitCertificate = {
  readonly posHeight: PosHeight;
  readonly round: number;
  readonly blockId: Hex;
  readonly votes: readonly CertificateVote[];
};

/** Why a term started. */
export type TermReason = "genesis" | "span" | "silence";

/** A member's endorsement of a digest: `signature` is r | s | v over it. */
export type MemberEndorsement = { readonly member: Hex; readonly signature: Hex };

/** What a signing session signs: the update that installs an epoch's key, or a batch. */
export type SigningPurpose =
  | { readonly type: "epoch"; readonly epoch: Epoch }
  | { readonly type: "batch"; readonly index: BatchIndex; readonly attempt: number };

/** A signer of one attempt and the pre-published commitment that it must use, and never again. */
export type SessionSigner = {
  readonly address: Hex;
  /** FROST identifier minus one: the place in the roster of the key's ceremony. */
  readonly keyIndex: number;
  /** Generation and place of the commitment in `nonceCommitments`. */
  readonly generation: number;
  readonly commitmentIndex: number;
  /** Compressed points, 33 bytes. */
  readonly hiding: Hex;
  readonly binding: Hex;
};

/** How an attempt of a signing session ended; `failed` is followed by the next attempt. */
export type SigningOutcome = "signed" | "failed" | "abandoned";

/** Why a batch attempt was given up. */
export type BatchRejectionReason =
  | "PROPOSAL_TIMEOUT"
  | "ENDORSEMENT_TIMEOUT"
  | "REFUSED"
  | "REFUSED_AFTER_SIGNING"
  | "REPLACED_ON_L1";

/** The body of a decision. */
export type DecisionBody =
  /** The members of an epoch, with their stake as it counts. */
  | { readonly type: "membersSet"; readonly epoch: Epoch; readonly members: readonly PoolMember[] }
  /**
   * `leader` orders the blocks from `firstBlock` to `lastBlock`; its parent is the certified block `parentHeight`.
   * At genesis `parentHash` is zero: the L2 genesis block, which every node derives itself.
   */
  | {
      readonly type: "termStarted";
      readonly term: Term;
      readonly leader: Hex;
      readonly firstBlock: BlockHeight;
      readonly lastBlock: BlockHeight;
      readonly parentHeight: BlockHeight;
      readonly parentHash: Hex;
      readonly reason: TermReason;
    }
  /** The L2 blocks from height `from` on are certified; `blockId` is the PoS block that says so. */
  | {
      readonly type: "blocksCertified";
      readonly from: BlockHeight;
      readonly hashes: readonly Hex[];
      readonly blockId: Hex;
      readonly certificate: CommitCertificate;
    }
  /** `proposer` is to propose batch `index` from `firstBlock`; `openedAtMs` is that of attempt 0, so that age counts on. */
  | {
      readonly type: "batchOpened";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly proposer: Hex;
      readonly firstBlock: BlockHeight;
      readonly openedAtMs: number;
      readonly deadlineMs: number;
      /** What the header must continue: hash of the previous header and its queue position. */
      readonly parentHash: Hex;
      readonly queueFrom: bigint;
      readonly epoch: Epoch;
    }
  /** A proposal passed the pool's checks and waits for endorsements. */
  | { readonly type: "batchProposed"; readonly attempt: number; readonly header: BatchHeader; readonly digest: Hex }
  /** >= 2/3 (count and stake) endorsed the digest; ascending by member index. */
  | {
      readonly type: "batchEndorsed";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly digest: Hex;
      readonly endorsements: readonly MemberEndorsement[];
    }
  /** The batch may be carried to L1: `proof` is the scheme's L1 proof, `posters` who goes first. */
  | {
      readonly type: "batchSigned";
      readonly header: BatchHeader;
      readonly attempt: number;
      readonly digest: Hex;
      readonly proof: Hex;
      readonly posters: readonly Hex[];
    }
  /** >= 2/3 of the power saw the batch on L1 at depth. */
  | {
      readonly type: "batchPosted";
      readonly index: BatchIndex;
      readonly hash: Hex;
      readonly l1TxHash: Hex;
      readonly l1BlockNumber: L1BlockNumber;
    }
  /** The batch can no longer be disputed nor reorganised. */
  | { readonly type: "batchFinal"; readonly index: BatchIndex; readonly hash: Hex }
  /** The attempt is void; `code` is the most frequent refusal code when members refused. A new attempt opens. */
  | {
      readonly type: "batchRejected";
      readonly index: BatchIndex;
      readonly attempt: number;
      readonly reason: BatchRejectionReason;
      readonly code: string;
    }
  /** A key ceremony started; the roster is pinned and its order gives the FROST identifiers (place + 1). */
  | {
      readonly type: "ceremonyOpened";
      readonly ceremonyId: Hex;
      readonly kind: "dkg";
      readonly epoch: Epoch;
      readonly attempt: number;
      readonly roster: readonly Hex[];
      readonly threshold: number;
      readonly deadlineMs: number;
    }
  /** All round-1 packages are there, in roster order: now send the private shares. */
  | {
      readonly type: "ceremonyRound1Complete";
      readonly ceremonyId: Hex;
      readonly packages: readonly { readonly member: Hex; readonly package: Hex }[];
      readonly deadlineMs: number;
    }
  /** `complainer` has no valid share from `dealer`, who must reveal it before the deadline. */
  | {
      readonly type: "ceremonyComplaint";
      readonly ceremonyId: Hex;
      readonly dealer: Hex;
      readonly complainer: Hex;
      readonly deadlineMs: number;
    }
  /** A dealer revealed a share that fits its commitments: the receiver uses it. */
  | {
      readonly type: "ceremonyReveal";
      readonly ceremonyId: Hex;
      readonly dealer: Hex;
      readonly receiver: Hex;
      readonly share: Hex;
    }
  /** Every roster member confirmed its share. `keyId` names these shares from now on. */
  | {
      readonly type: "ceremonyCompleted";
      readonly ceremonyId: Hex;
      readonly keyId: Hex;
      readonly epoch: Epoch;
      readonly groupKey: Hex;
      /** Compressed points in roster order. */
      readonly verifyingShares: readonly Hex[];
      readonly transcriptHash: Hex;
      readonly roster: readonly Hex[];
      readonly threshold: number;
    }
  /** The ceremony is void: erase what it made. The next one opens without the culprits if enough remain. */
  | { readonly type: "ceremonyFailed"; readonly ceremonyId: Hex; readonly culprits: readonly Hex[] }
  /** Attempt `attempt` of a session: these signers use these commitments. Ascending by `keyIndex`. */
  | {
      readonly type: "signingSessionOpened";
      readonly sessionId: Hex;
      readonly purpose: SigningPurpose;
      readonly keyId: Hex;
      readonly digest: Hex;
      readonly attempt: number;
      readonly roster: readonly SessionSigner[];
      readonly deadlineMs: number;
    }
  /** Attempt `attempt` is over: spent nonces may be erased. */
  | {
      readonly type: "signingSessionClosed";
      readonly sessionId: Hex;
      readonly attempt: number;
      readonly outcome: SigningOutcome;
      readonly culprits: readonly Hex[];
    }
  /** The key proved itself and its members endorsed it: it may be registered on L1. */
  | {
      readonly type: "epochKeySigned";
      readonly keyId: Hex;
      readonly epochUpdate: EpochUpdate;
      readonly members: readonly PoolMember[];
      readonly groupKey: Hex;
      readonly digest: Hex;
      readonly proof: Hex;
      readonly posters: readonly Hex[];
    }
  /** >= 2/3 of the power saw the epoch registered on L1 at depth: it signs from now on. */
  | { readonly type: "epochActivated"; readonly epoch: Epoch; readonly keyId: Hex; readonly groupKey: Hex }
  /** The key signs no more: erase its shares and say so (`keyErasure`). */
  | { readonly type: "keyRetired"; readonly keyId: Hex }
  /** `member` said that it erased its share. */
  | { readonly type: "keyErased"; readonly keyId: Hex; readonly member: Hex };

/** A decision and its place in the stream: PoS height 0 is genesis. */
export type Decision = DecisionBody & {
  readonly posHeight: PosHeight;
  /** Place among the decisions of its PoS block. */
  readonly index: number;
};

/** The body of one type. */
export type DecisionOf<Type extends DecisionBody["type"]> = Extract<DecisionBody, { readonly type: Type }>;
