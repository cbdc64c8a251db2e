/** What the BFT engine needs, and what it offers. */
import type {
  CommitCertificate,
  DoubleVote,
  Hex,
  PosBlock,
  PosHeight,
  SigningDomain,
  Validator,
} from "@sequorum/protocol";
import type { Logger, Metrics, PeerIdentity } from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import type { AbciApp, TransactionCheck } from "../core/abci.ts";
import type { TendermintParameters } from "../core/tendermint/parameters.ts";

/** A validator that this one talks to. */
export type PeerEndpoint = {
  /** Sequencer address. */
  readonly address: Hex;
  /** host:port of its consensus channel. */
  readonly endpoint: string;
  /** DER of its consensus certificate, as registered on L1. */
  readonly certificate: Hex;
};

/** A decided block with the result of its execution. */
export type Decided<AppState, Decision> = {
  readonly height: PosHeight;
  readonly blockId: Hex;
  readonly block: PosBlock;
  readonly certificate: CommitCertificate;
  readonly state: AppState;
  readonly decisions: readonly Decision[];
};

/** The state before the first block; equal on all validators. */
export type Genesis<AppState> = {
  readonly timeMs: bigint;
  readonly state: AppState;
  readonly appHash: Hex;
  readonly validators: readonly Validator[];
};

/** Limits of the shell. */
export type EngineLimits = {
  readonly blockBytesMax: number;
  readonly transactionBytesMax: number;
  readonly mempoolTransactionsMax: number;
  readonly mempoolBytesMax: number;
  /** Inputs of one peer that may wait in the queue. */
  readonly peerInputsMax: number;
  /** Sustained rates of one peer; faster ones are slowed down. */
  readonly peerMessagesPerSecond: number;
  readonly peerBytesPerSecond: number;
};

/** Defaults of `EngineLimits`. */
export const defaultEngineLimits: EngineLimits = {
  blockBytesMax: 2 * 1_024 * 1_024,
  transactionBytesMax: 256 * 1_024,
  mempoolTransactionsMax: 10_000,
  mempoolBytesMax: 32 * 1_024 * 1_024,
  peerInputsMax: 256,
  peerMessagesPerSecond: 1_000,
  peerBytesPerSecond: 16 * 1_024 * 1_024,
};

/** Options of `createEngine`. */
export type EngineOptions<AppState, Decision, LocalView> = {
  readonly app: AbciApp<AppState, Decision, LocalView>;
  readonly genesis: Genesis<AppState>;
  readonly domain: SigningDomain;
  /** 32-byte sequencer key. */
  readonly privateKey: Uint8Array;
  /** With migrations/000001_consensus.sql applied. */
  readonly store: Store;
  /** Called in the transaction that makes the block durable; whatever it writes is there exactly when the block is. */
  readonly persistApp: (tx: Transaction, decided: Decided<AppState, Decision>) => Promise<void>;
  /** The application state after `height`, the last decided one, as `persistApp` wrote it. Called once, at start. */
  readonly loadApp: (height: PosHeight) => Promise<AppState>;
  readonly localView: LocalView;
  readonly channel: {
    readonly host?: string;
    readonly port: number;
    readonly identity: PeerIdentity;
  };
  /** The other validators. */
  readonly peers: readonly PeerEndpoint[];
  readonly parameters?: Partial<TendermintParameters>;
  readonly limits?: Partial<EngineLimits>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
  /** The engine has stopped by itself: storage failed or an invariant broke. The process must end. */
  readonly fail: (error: unknown) => void;
};

/** Answer to `submitTransaction`. */
export type SubmitResult =
  | TransactionCheck
  | { readonly type: "known" }
  | { readonly type: "full" };

/** Where the engine is. */
export type EngineStatus = {
  /** Last decided height; 0 before the first. */
  readonly height: PosHeight;
  readonly blockId: Hex;
  readonly round: number;
  readonly step: string;
  readonly connectedPeers: readonly Hex[];
  /** No connected peer is more than a block ahead. */
  readonly isSynced: boolean;
  readonly pendingTransactions: number;
};

/** A running engine. */
export type Engine<AppState, Decision, LocalView> = {
  /** Checks a pool transaction, keeps it until it is in a block and gossips it (again, when it is known already). */
  submitTransaction(transaction: Hex): SubmitResult;
  /** Tells each decided block once it and the application state are durable, in order; returns the unsubscriber. */
  onDecided(listener: (decided: Decided<AppState, Decision>) => void): () => void;
  /** The local orderer knows more; the newest view is used from now on. */
  localViewChanged(view: LocalView): void;
  appState(): AppState;
  status(): EngineStatus;
  /** Connected to enough power to decide, and synced. */
  ready(): boolean;
  readBlock(
    height: PosHeight,
  ): Promise<{ readonly block: PosBlock; readonly certificate: CommitCertificate } | undefined>;
  /** Double votes seen so far. */
  readDoubleVotes(): Promise<readonly DoubleVote[]>;
  /** Port of the consensus channel. */
  readonly channelPort: number;
  [Symbol.asyncDispose](): Promise<void>;
};
