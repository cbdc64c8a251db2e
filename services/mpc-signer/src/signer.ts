/** The signer without its process: sessions, channel and stores joined over ports. */
import { type Hex, type SigningDomain, unreachable } from "@sequorum/protocol";
import {
  type BatchTrace,
  describeError,
  type Logger,
  type Resources,
  RetryableError,
  sleep,
} from "@sequorum/service";
import { afterCommit, type Store, type Transaction } from "@sequorum/store";
import { createCeremonyStore } from "./adapters/ceremony-store.ts";
import { type KeyStore, openKeyStore } from "./adapters/key-store.ts";
import { type MpcChannel, openMpcChannel } from "./adapters/mpc-channel.ts";
import {
  decodeMpcMessage,
  encodeMpcMessage,
  type MpcBody,
  type MpcMessage,
} from "./adapters/mpc-messages.ts";
import type { RpcSource } from "./adapters/rpc-server.ts";
import { createSecretFiles } from "./adapters/secret-files.ts";
import { createSigningStore, type SigningStore } from "./adapters/signing-store.ts";
import { Ceremonies } from "./ceremonies.ts";
import { frostScheme } from "./core/signature-scheme.ts";
import type { SignerMetrics } from "./metrics.ts";
import { NonceStock } from "./nonce-stock.ts";
import type { ReadEndorsedDigest, ReadPeers, SignerDecision, SubmitPayload } from "./ports.ts";
import { createRefusalReport, type RefusalReason } from "./refusals.ts";
import { Signings } from "./signings.ts";
import { createSubmitter, type Submitter } from "./submitter.ts";
import { createUnopenedMessages } from "./unopened-messages.ts";

/** Everything a signer is made of. */
export type SignerParts = {
  readonly store: Store;
  readonly self: { readonly address: Hex; readonly privateKey: Uint8Array };
  /** 32-byte Ed25519 seed of the node's libp2p identity. */
  readonly identitySeed: Uint8Array;
  readonly listen: string;
  readonly keystore: { readonly directory: string; readonly password: string };
  readonly domain: SigningDomain;
  readonly roundTimeoutMs: number;
  readonly peersRefreshMs: number;
  readonly submit: SubmitPayload;
  readonly readEndorsedDigest: ReadEndorsedDigest;
  readonly readPeers: ReadPeers;
  readonly metrics: SignerMetrics;
  readonly traces: BatchTrace;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly fail: (error: unknown) => void;
};

/** A running signer. */
export type Signer = {
  readonly channel: MpcChannel;
  onDecision(decision: SignerDecision, tx: Transaction): Promise<void>;
  readonly rpc: RpcSource;
  ready(): boolean;
};

type Running = {
  readonly keys: KeyStore;
  readonly ceremonies: Ceremonies;
  readonly signings: Signings;
  readonly nonces: NonceStock;
  readonly signingStore: SigningStore;
  readonly submitter: Submitter;
};

/** Loads keys and sessions, joins the channel, publishes fresh nonces, goes on with what was under way. */
export async function startSigner(parts: SignerParts, resources: Resources): Promise<Signer> {
  const router = createRouter();
  const channel = resources.add(await joinChannel(parts, router.receive), (opened) =>
    opened.close(),
  );
  const running = await openSessions(parts, channel, router);
  resources.add(running.nonces, (nonces) => nonces.wipe());
  router.connect(running);
  await followPeers(parts, channel);
  await running.ceremonies.resume();
  // Rule 1: what an earlier process published is gone with it; its commitments are replaced first of all.
  for (const { keyId, status } of running.keys.list())
    if (status === "active") running.nonces.publish(keyId);
  await running.signings.resume(Date.now());
  for (const keyId of await running.keys.unreported())
    running.submitter.submit({ type: "keyErasure", keyId });
  return {
    channel,
    onDecision: (decision, tx) => onDecision(running, decision, tx),
    rpc: rpcSource(running, channel),
    ready: () => channel.listenAddresses().length > 0,
  };
}

type Router = {
  receive(from: Hex, message: MpcMessage): void;
  /** Hands over what came for a session before it was opened. */
  opened(sessionId: Hex): void;
  connect(running: Running): void;
};

/** Carries peers' messages to their session; the ones for unopened sessions wait within bounds. */
function createRouter(): Router {
  const unopened = createUnopenedMessages<MpcBody>();
  let running: Running | undefined;
  const receive = (from: Hex, { sessionId, body }: MpcMessage) => {
    if (running?.ceremonies.knows(sessionId)) running.ceremonies.onMessage(from, sessionId, body);
    else if (running?.signings.knows(sessionId)) running.signings.onMessage(from, sessionId, body);
    else unopened.keep({ from, sessionId, atMs: Date.now(), message: body });
  };
  return {
    receive,
    opened: (sessionId) => {
      for (const { from, message } of unopened.take(sessionId, Date.now()))
        receive(from, { sessionId, body: message });
    },
    connect: (sessions) => {
      running = sessions;
    },
  };
}

function joinChannel(parts: SignerParts, receive: Router["receive"]): Promise<MpcChannel> {
  const { identitySeed, listen, logger, signal, metrics } = parts;
  const count = (reason: RefusalReason) => metrics.refusedMessages.add({ reason });
  const onRefused = createRefusalReport({ count, logger, nowMs: Date.now });
  return openMpcChannel({
    identitySeed,
    listen,
    logger,
    signal,
    onRefused,
    onMessage: (from, bytes) => {
      const message = decodeMpcMessage(bytes);
      if (message === undefined) onRefused("malformed", from);
      else receive(from, message);
    },
  });
}

async function openSessions(
  parts: SignerParts,
  channel: MpcChannel,
  router: Router,
): Promise<Running> {
  const { store, signal, logger, metrics, self, domain, roundTimeoutMs, readEndorsedDigest, fail } =
    parts;
  const files = createSecretFiles(parts.keystore.directory, parts.keystore.password);
  const keys = await openKeyStore(store, files);
  const signingStore = createSigningStore(store);
  await signingStore.prune();
  const submitter = createSubmitter({ submit: parts.submit, signal, logger });
  const send = (to: Hex, sessionId: Hex, body: MpcBody) => {
    if (channel.send(to, encodeMpcMessage({ sessionId, body }))) return;
    logger.warn("member is no peer", { member: to, sessionId });
  };
  const countKeys = () =>
    metrics.keys.set(keys.list().filter(({ status }) => status === "active").length);
  countKeys();
  const common = {
    scheme: frostScheme,
    keys,
    submitter,
    send,
    onOpened: router.opened,
    signal,
    metrics,
    logger,
  };
  const nonces = new NonceStock(common);
  const onKeyActive = (keyId: Hex) => {
    countKeys();
    nonces.publish(keyId);
  };
  const ceremonies = new Ceremonies({
    ...common,
    self,
    domain,
    roundTimeoutMs,
    store: createCeremonyStore(store, files),
    onKeyActive,
    fail,
  });
  const signings = new Signings({
    ...common,
    self: self.address,
    traces: parts.traces,
    nonces,
    store: signingStore,
    readEndorsedDigest,
  });
  return { keys, ceremonies, signings, nonces, signingStore, submitter };
}

async function onDecision(
  running: Running,
  decision: SignerDecision,
  tx: Transaction,
): Promise<void> {
  const { ceremonies, signings, nonces, keys } = running;
  switch (decision.type) {
    case "ceremonyOpened":
    case "ceremonyRound1Completed":
    case "ceremonyComplaintRaised":
    case "ceremonyShareRevealed":
    case "ceremonyCompleted":
    case "ceremonyFailed":
      return ceremonies.onDecision(decision, tx);
    case "signingSessionOpened":
      return signings.onOpened(decision, tx);
    case "signingSessionClosed":
      return signings.onClosed(decision, tx);
    case "nonceCommitmentsRecorded":
      if (signings.isSelf(decision.member)) {
        afterCommit(tx, () => nonces.recorded(decision.keyId, decision.generation));
      }
      return;
    case "epochKeySigned":
      return keys.recordUpdate(tx, decision.update.epoch, decision.digest);
    case "epochActivated":
      return keys.activateUpdate(tx, decision.epoch);
    case "membersSet":
      return keys.recordMembers(
        tx,
        decision.epoch,
        decision.members.map(({ address }) => address),
      );
    case "keyRetired":
      return retire(running, decision.keyId, tx);
    case "keyErased":
      if (!signings.isSelf(decision.member)) return;
      await keys.erasureRecorded(tx, decision.keyId);
      return ceremonies.onErasureRecorded(decision.keyId, tx);
    default:
      return unreachable(decision);
  }
}

/** Erases this node's share of a retired key and says so. */
async function retire(
  { keys, nonces, submitter }: Running,
  keyId: Hex,
  tx: Transaction,
): Promise<void> {
  if (keys.get(keyId) === undefined) return;
  nonces.forget(keyId);
  await keys.erase(keyId);
  afterCommit(tx, () => submitter.submit({ type: "keyErasure", keyId }));
}

function rpcSource(
  { keys, ceremonies, signings, nonces, signingStore }: Running,
  channel: MpcChannel,
): RpcSource {
  return {
    peerId: channel.peerId,
    connectedPeers: () => channel.connectedPeers().length,
    unusedNonces: () => nonces.unused(),
    keys: () => keys.list(),
    findSession: async (id) => {
      const ceremony = ceremonies.find(id);
      if (ceremony !== undefined) return { state: ceremony.phase, culprits: ceremony.culprits };
      const session = signings.find(id) ?? (await signingStore.find(id));
      return session === undefined
        ? undefined
        : { state: session.phase, culprits: session.culprits };
    },
  };
}

/** Reads the peers once, then again and again; when L1 is away the last known ones stay. */
async function followPeers(parts: SignerParts, channel: MpcChannel): Promise<void> {
  const { signal, logger, metrics } = parts;
  const refresh = async () => {
    try {
      channel.setPeers(
        (await parts.readPeers(signal)).filter(({ address }) => address !== parts.self.address),
      );
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      logger.warn("members not read from L1", { reason: describeError(error) });
    }
    metrics.peers.set(channel.connectedPeers().length);
  };
  const loop = async () => {
    for (;;) {
      await sleep(parts.peersRefreshMs, signal);
      await refresh();
    }
  };
  await refresh();
  loop().catch((error: unknown) => {
    if (!signal.aborted) parts.fail(error);
  });
}
