/** The state of the pool: plain JSON-able data, replaced and never mutated; absent parts are null. */
import {
  assert,
  type BatchHeader,
  type BatchIndex,
  type BlockHeight,
  type DealerPackage,
  type Epoch,
  type EpochUpdate,
  type Hex,
  type L1BlockNumber,
  type L1Event,
  type MemberEndorsement,
  type NonceCommitment,
  type PoolMember,
  type PosHeight,
  type ProtocolParameters,
  type SessionSigner,
  type SigningDomain,
  type SigningPurpose,
  type Term,
  type TermReason,
  type Validator,
  zeroHash,
} from "@sequorum/protocol";

/** What never changes while the chain runs. */
export type PoolNetwork = {
  readonly domain: SigningDomain;
  readonly l2ChainId: bigint;
  readonly parameters: ProtocolParameters;
};

/** Who leads now, and who comes next. */
export type Leadership = {
  readonly term: Term;
  readonly leader: Hex;
  readonly firstBlock: BlockHeight;
  readonly lastBlock: BlockHeight;
  readonly parentHeight: BlockHeight;
  readonly parentHash: Hex;
  readonly reason: TermReason;
  /** Members that reported this term's leader silent. */
  readonly silenceReports: readonly Hex[];
  /** Stake-weighted round robin over the members that were not jailed when the term started. */
  readonly candidates: readonly Validator[];
  readonly priorities: readonly bigint[];
  /** By member index: leads no term before `freeFromTerm`; `offences` since it last completed a term. */
  readonly jail: readonly { readonly freeFromTerm: Term; readonly offences: number }[];
};

/** The certified L2 chain: its head, and the newest hashes, the head's last. */
export type CertifiedChain = {
  readonly height: BlockHeight;
  readonly hash: Hex;
  readonly recent: readonly Hex[];
};

/** A member's refusal of a batch. */
export type Refusal = { readonly member: Hex; readonly code: string };

/** What the next batch builds on. */
export type BatchTip = {
  readonly index: BatchIndex;
  readonly digest: Hex;
  readonly lastBlock: BlockHeight;
  readonly lastBlockHash: Hex;
  readonly queueTo: bigint;
  readonly l1OriginNumber: L1BlockNumber;
};

/** A batch with its group signature. */
export type SignedBatch = BatchTip & {
  readonly attempt: number;
  /** What it built on, to return to when it is voided. */
  readonly parent: BatchTip;
  readonly refusals: readonly Refusal[];
};

/** Where an open batch is in its life. */
export type BatchStage =
  | { readonly type: "open" }
  | {
      readonly type: "proposed";
      readonly header: BatchHeader;
      readonly digest: Hex;
      readonly endorsements: readonly MemberEndorsement[];
      readonly refusals: readonly Refusal[];
    }
  | {
      readonly type: "endorsed";
      readonly header: BatchHeader;
      readonly digest: Hex;
      readonly endorsements: readonly MemberEndorsement[];
    };

/** The batch that is being made. */
export type OpenBatch = {
  readonly index: BatchIndex;
  readonly attempt: number;
  readonly proposer: Hex;
  readonly firstBlock: BlockHeight;
  /** When attempt 0 opened. */
  readonly openedAtMs: number;
  /** When the present stage runs out; null once endorsed (signing has deadlines of its own). */
  readonly deadlineMs: number | null;
  readonly stage: BatchStage;
};

/** The chain of batches. */
export type Batches = {
  readonly open: OpenBatch | null;
  /** Last signed batch; index 0 before the first. */
  readonly tip: BatchTip;
  /** Signed and not seen on L1, ascending; the last one is the tip. */
  readonly unposted: readonly SignedBatch[];
  /** Signed and given up; L1 may still show them. */
  readonly voided: readonly SignedBatch[];
  readonly postedIndex: BatchIndex;
  readonly finalIndex: BatchIndex;
  /** Attempt at which an index opens: above all attempts of batches that were voided, so that none returns. */
  readonly attemptBase: number;
};

/** A complaint of round 2. */
export type Complaint = {
  readonly dealer: Hex;
  readonly complainer: Hex;
  readonly revealed: boolean;
  readonly deadlineMs: number;
};

/** Where a key generation is. */
export type CeremonyStage =
  | { readonly type: "round1"; readonly packages: readonly DealerPackage[] }
  | {
      readonly type: "round2";
      /** In roster order. */
      readonly packages: readonly DealerPackage[];
      readonly groupKey: Hex;
      readonly verifyingShares: readonly Hex[];
      readonly transcriptHash: Hex;
      readonly update: EpochUpdate;
      readonly updateDigest: Hex;
      readonly complaints: readonly Complaint[];
      readonly confirmations: readonly MemberEndorsement[];
    };

/** A running key generation. */
export type Ceremony = {
  readonly ceremonyId: Hex;
  readonly epoch: Epoch;
  readonly attempt: number;
  readonly roster: readonly Hex[];
  readonly threshold: number;
  readonly deadlineMs: number;
  readonly stage: CeremonyStage;
};

/** Key generations: at most one runs. */
export type Ceremonies = {
  readonly current: Ceremony | null;
  readonly nextAttempt: number;
  /** Members that the next attempt leaves out. */
  readonly excluded: readonly Hex[];
};

/** A group key; `keyId` is the id of the ceremony that made its shares. */
export type GroupKey = {
  readonly keyId: Hex;
  readonly epoch: Epoch;
  readonly groupKey: Hex;
  readonly roster: readonly Hex[];
  readonly threshold: number;
};

/** A key on its way to L1: `signed` once it proved itself. */
export type PendingKey = GroupKey & {
  readonly update: EpochUpdate;
  readonly digest: Hex;
  readonly endorsements: readonly MemberEndorsement[];
  readonly signed: boolean;
};

/** A key or failed ceremony whose secrets are to be erased. */
export type RetiredKey = {
  readonly keyId: Hex;
  readonly roster: readonly Hex[];
  readonly erased: readonly Hex[];
};

/** Keys of the pool. */
export type Keys = {
  readonly active: GroupKey | null;
  readonly pending: PendingKey | null;
  readonly retired: readonly RetiredKey[];
  /** Digest of the update that installed the active key. */
  readonly lastUpdateDigest: Hex;
};

/** A member's unused nonce commitments for a key; `commitments[0]` has the place `nextIndex` in its list. */
export type NonceStock = {
  readonly keyId: Hex;
  readonly member: Hex;
  readonly generation: number;
  readonly nextIndex: number;
  readonly commitments: readonly NonceCommitment[];
};

/** The attempt that runs. */
export type SigningSession = {
  readonly sessionId: Hex;
  readonly roster: readonly SessionSigner[];
  readonly deadlineMs: number;
  readonly reports: readonly { readonly reporter: Hex; readonly culprits: readonly Hex[] }[];
};

/** A digest that is to be signed; without a session it waits for commitments. */
export type SigningRequest = {
  readonly purpose: SigningPurpose;
  readonly keyId: Hex;
  readonly digest: Hex;
  /** Attempt that runs or comes next. */
  readonly attempt: number;
  /** Keeps apart two requests for one digest. */
  readonly requestedAtHeight: PosHeight;
  readonly waitingSinceMs: number;
  readonly session: SigningSession | null;
  /** Proved culprits of earlier attempts. */
  readonly excluded: readonly Hex[];
};

/** Threshold signing. */
export type Signing = {
  readonly requests: readonly SigningRequest[];
  /** By member index: failed attempts since it last took part in a good one. */
  readonly unreliability: readonly number[];
};

/** What members saw on L1 about one subject; counts at >= 2/3 of the power. */
export type Observation = {
  /** Such as `batchPosted:7`. */
  readonly subject: string;
  readonly votes: readonly { readonly member: Hex; readonly event: L1Event }[];
};

/** The whole state. */
export type PoolState = {
  readonly network: PoolNetwork;
  /** Last executed PoS block and its time. */
  readonly height: PosHeight;
  readonly timeMs: number;
  /** Membership, fixed in this version; keys of later epochs serve the same members. */
  readonly members: readonly PoolMember[];
  readonly leadership: Leadership;
  readonly certified: CertifiedChain;
  readonly batches: Batches;
  readonly ceremonies: Ceremonies;
  readonly keys: Keys;
  readonly nonces: readonly NonceStock[];
  readonly signing: Signing;
  readonly observations: readonly Observation[];
};

/** Before the first batch. */
export const genesisTip: BatchTip = {
  index: 0n,
  digest: zeroHash,
  lastBlock: 0n,
  lastBlockHash: zeroHash,
  queueTo: 0n,
  l1OriginNumber: 0n,
};

/** The member with this address, if any. */
export function memberOf(state: PoolState, address: Hex): PoolMember | undefined {
  return state.members.find((member) => member.address === address);
}

/** Stake of a set of members. */
export function stakeOf(state: PoolState, addresses: readonly Hex[]): bigint {
  const wanted = new Set(addresses);
  return state.members.reduce(
    (sum, { address, stakeWei }) => (wanted.has(address) ? sum + stakeWei : sum),
    0n,
  );
}

/** Stake of all members. */
export function totalStake(state: PoolState): bigint {
  return state.members.reduce((sum, { stakeWei }) => sum + stakeWei, 0n);
}

/** Members from index `first` on, going round: the order in which they post. */
export function membersFrom(state: PoolState, first: number): Hex[] {
  const count = state.members.length;
  return state.members.map((_, i) => {
    const member = state.members[(first + i) % count];
    assert(member !== undefined, "a pool has members", { count });
    return member.address;
  });
}
