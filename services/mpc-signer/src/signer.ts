/** The signer without its process: sessions, channel and stores joined over ports. */
import type { Hex, SigningDomain } from "@sequorum/protocol";
import { unreachable } from "@sequorum/protocol";
import { describeError, type Logger, type Resources, RetryableError, sleep } from "@sequorum/service";
import { afterCommit, type Store, type Transaction } from "@sequorum/store";
import { type KeyStore, openKeyStore } from "./adapters/key-store.ts";
import { type MpcChannel, openMpcChannel } from "./adapters/mpc-channel.ts";
import { decodeMpcMessage, encodeMpcMessage, type MpcBody, type MpcMessage } from "./adapters/mpc-messages.ts";
import type { RpcSource } from "./adapters/rpc-server.ts";
import { createSecretFiles } from "./adapters/secret-files.ts";
import { createSigningStore, type SigningStore } from "./adapters/signing-store.ts";
import { type Ceremonies, openCeremonies } from "./ceremonies.ts";
import { frostScheme } from "./core/signature-scheme.ts";
import type { SignerMetrics } from "./metrics.ts";
import type { ReadEndorsedDigest, ReadPeers, SignerDecision, SubmitPayload } from "./ports.ts";
import { createSignings, type Signings } from "./signings.ts";
import { createSubmitter } from "./submitter.ts";
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
  readonly signingStore: SigningStore;
  readonly erased: (keyId: Hex) => void;
};

/** Loads keys and sessions, joins the channel, publishes fresh nonces, goes on with what was under way. */
export async function startSigner(parts: SignerParts, resources: Resources): Promise<Signer> {
  const { store, signal, logger, metrics, self, fail } = parts;
  const files = createSecretFiles(parts.keystore.directory, parts.keystore.password);
  const keys = await openKeyStore(store, files);
  const signingStore = createSigningStore(store);
  await signingStore.prune();
  const unopened = createUnopenedMessages<MpcBody>();
  const submitter = createSubmitter({ submit: parts.submit, signal, logger });
  const route = ({ sessionId, body }: MpcMessage, from: Hex) => {
    if (ceremonies.knows(sessionId)) ceremonies.onMessage(from, sessionId, body);
    else if (signings.knows(sessionId)) signings.onMessage(from, sessionId, body);
    else unopened.keep({ from, sessionId, atMs: Date.now(), message: body });
  };
  const onOpened = (sessionId: Hex) => {
    for (const { from, message } of unopened.take(sessionId, Date.now())) route({ sessionId, body: message }, from);
  };
  const channel = resources.add(
    await openMpcChannel({
      identitySeed: parts.identitySeed,
      listen: parts.listen,
      logger,
      signal,
      onRefused: (reason) => metrics.refusedMessages.add({ reason }),
      onMessage: (from, bytes) => {
        const message = decodeMpcMessage(bytes);
        if (message === undefined) metrics.refusedMessages.add({ reason: "malformed" });
        else route(message, from);
      },
    }),
    (opened) => opened.close(),
  );
  const send = (to: Hex, sessionId: Hex, body: MpcBody) => {
    if (!channel.send(to, encodeMpcMessage({ sessionId, body }))) logger.warn("member is no peer", { member: to, sessionId });
  };
  const common = { scheme: frostScheme, keys, submitter, send, onOpened, signal, metrics, logger };
  const signings = createSignings({ ...common, self: self.address, store: signingStore, readEndorsedDigest: parts.readEndorsedDigest });
  resources.add(signings, (running) => running.wipe());
  const onKeyActive = async (keyId: Hex) => {
    metrics.keys.set(keys.list().filter(({ status }) => status === "active").length);
    signings.publishNonces(keyId).catch((error: unknown) => logger.warn("nonces not published", { keyId, reason: describeError(error) }));
  };
  const ceremonies = await openCeremonies({
    ...common, self, domain: parts.domain, roundTimeoutMs: parts.roundTimeoutMs, store, files, onKeyActive, fail,
  });
  await firstPeers(parts, channel);
  await ceremonies.resume();
  // Rule 1: what an earlier process published is gone with it; its commitments are replaced first of all.
  for (const { keyId, status } of keys.list()) if (status === "active") await onKeyActive(keyId);
  await signings.resume(Date.now());
  const erased = (keyId: Hex) => submitter.submit({ type: "keyErasure", keyId });
  const running: Running = { keys, ceremonies, signings, signingStore, erased };
  return {
    channel,
    onDecision: (decision, tx) => onDecision(running, decision, tx),
    rpc: rpcSource(running, channel),
    ready: () => channel.listenAddresses().length > 0,
  };
}

async function onDecision(running: Running, decision: SignerDecision, tx: Transaction): Promise<void> {
  const { ceremonies, signings } = running;
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
      return signings.onNoncesRecorded(decision, tx);
    case "epochKeySigned":
      await tx`
        insert into epoch_update (epoch, digest) values (${decision.update.epoch}, ${decision.digest})
        on conflict (epoch) do update set digest = excluded.digest`;
      return;
    case "keyRetired":
      return retire(running, decision.keyId, tx);
    default:
      return unreachable(decision);
  }
}

/** Erases this node's share of a retired key and says so. */
async function retire({ keys, signings, erased }: Running, keyId: Hex, tx: Transaction): Promise<void> {
  if (keys.get(keyId) === undefined) return;
  signings.forget(keyId);
  await keys.erase(keyId);
  afterCommit(tx, () => erased(keyId));
}

function rpcSource({ keys, ceremonies, signings, signingStore }: Running, channel: MpcChannel): RpcSource {
  return {
    peerId: channel.peerId,
    connectedPeers: () => channel.connectedPeers().length,
    unusedNonces: () => keys.list().reduce((sum, { keyId }) => sum + signings.unusedNonces(keyId), 0),
    keys: () => keys.list(),
    findSession: async (id) => {
      const ceremony = ceremonies.find(id);
      if (ceremony !== undefined) return { state: ceremony.phase, culprits: ceremony.culprits };
      const live = signings.find(id);
      if (live !== undefined) return { state: live.phase, culprits: live.culprits };
      const stored = await signingStore.find(id);
      return stored === undefined ? undefined : { state: stored.phase, culprits: stored.culprits };
    },
  };
}

/** Reads the peers once, then again and again; when L1 is away the last known ones stay. */
async function firstPeers(parts: SignerParts, channel: MpcChannel): Promise<void> {
  const { signal, logger, metrics } = parts;
  const refresh = async () => {
    try {
      channel.setPeers((await parts.readPeers(signal)).filter(({ address }) => address !== parts.self.address));
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      logger.warn("members not read from L1", { reason: describeError(error) });
    }
    metrics.peers.set(channel.connectedPeers().length);
  };
  await refresh();
  const loop = async () => {
    for (;;) {
      await sleep(parts.peersRefreshMs, signal);
      await refresh();
    }
  };
  loop().catch((error: unknown) => {
    if (!signal.aborted) parts.fail(error);
  });
}
