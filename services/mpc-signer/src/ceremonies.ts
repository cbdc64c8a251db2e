/** The shell of key generation: one queue, state stored before effects, secrets in files, results in the key store. */
import { randomBytes } from "node:crypto";
import {
  bytesToHex,
  type EpochUpdate,
  epochUpdateDigest,
  frostSuiteName,
  type GroupPublic,
  type Hex,
  hexToBytes,
  keccak256,
  membersHash,
  signDigest,
  type SigningDomain,
} from "@sequorum/protocol";
import type { Logger } from "@sequorum/service";
import type { Store, Transaction } from "@sequorum/store";
import type { KeyStore } from "./adapters/key-store.ts";
import type { SecretFiles } from "./adapters/secret-files.ts";
import { openState, sealState } from "./adapters/state-encryption.ts";
import type { KeyShare } from "./core/dkg/dealer.ts";
import type { DkgEffect, DkgInput, DkgStep } from "./core/dkg/messages.ts";
import type { DkgState } from "./core/dkg/state.ts";
import { decryptShare } from "./core/share-encryption.ts";
import type { SignatureScheme } from "./core/signature-scheme.ts";
import type { SignerMetrics } from "./metrics.ts";
import type { MpcBody } from "./adapters/mpc-messages.ts";
import type { SignerDecision } from "./ports.ts";
import type { Submitter } from "./submitter.ts";

/** Ceremonies that ended and are still answered for. */
const endedCeremoniesMax = 64;

/** What ceremonies work with. */
export type CeremoniesDeps = {
  readonly scheme: SignatureScheme;
  readonly self: { readonly address: Hex; readonly privateKey: Uint8Array };
  readonly domain: SigningDomain;
  readonly roundTimeoutMs: number;
  readonly store: Store;
  readonly files: SecretFiles;
  readonly keys: KeyStore;
  readonly submitter: Submitter;
  readonly send: (to: Hex, sessionId: Hex, body: MpcBody) => void;
  readonly onOpened: (ceremonyId: Hex) => void;
  readonly onKeyActive: (keyId: Hex) => Promise<void>;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly metrics: SignerMetrics;
  readonly logger: Logger;
};

type Live = { state: DkgState; openedAtMs: number };
type CeremonyDecision = Extract<SignerDecision, { readonly ceremonyId: Hex }>;

/** All key generations of this node. */
export type Ceremonies = {
  /** Applies a decision; the state is stored in `tx`. */
  onDecision(decision: CeremonyDecision, tx: Transaction): Promise<void>;
  onMessage(from: Hex, ceremonyId: Hex, body: MpcBody): void;
  knows(ceremonyId: Hex): boolean;
  find(ceremonyId: Hex): { phase: string; culprits: readonly Hex[] } | undefined;
  /** Repeats what a crash may have swallowed. */
  resume(): Promise<void>;
};

/** Loads stored ceremonies. */
export async function openCeremonies(deps: CeremoniesDeps): Promise<Ceremonies> {
  const live = new Map<Hex, Live>(await loadCeremonies(deps));
  const ended = new Map<Hex, { phase: string; culprits: readonly Hex[] }>();
  let queue: Promise<unknown> = Promise.resolve();
  /** Runs work in turn: one input at a time, effects in order. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const run = queue.then(work, work);
    queue = run.catch(() => {});
    return run;
  };
  const inBackground = (work: () => Promise<void>) =>
    inTurn(work).catch((error: unknown) => {
      if (!deps.signal.aborted) deps.fail(error);
    });
  const conclude = (ceremonyId: Hex, { state }: Live) => {
    live.delete(ceremonyId);
    ended.set(ceremonyId, { phase: state.phase, culprits: state.blame.map(({ member }) => member) });
    for (const id of ended.keys()) if (ended.size > endedCeremoniesMax) ended.delete(id);
  };

  async function apply(entry: Live, step: DkgStep, tx?: Transaction): Promise<void> {
    entry.state = step.state;
    const { ceremonyId } = step.state;
    report(deps, step);
    await save(deps, step.state, tx);
    for (const effect of step.effects) await perform(entry, effect, tx);
    if (step.state.phase === "completed" || step.state.phase === "failed") conclude(ceremonyId, entry);
  }

  const input = async (ceremonyId: Hex, what: DkgInput, tx?: Transaction) => {
    const entry = live.get(ceremonyId);
    if (entry === undefined) return;
    const step = deps.scheme.dkg.step(entry.state, what);
    if (step.rejected !== undefined && step.state === entry.state && step.effects.length === 0) {
      deps.logger.debug("ceremony input refused", { ceremonyId, input: what.type, code: step.rejected });
      return;
    }
    if (what.type === "completed" && step.state.phase === "completed") {
      deps.metrics.dkgDuration.observe((Date.now() - entry.openedAtMs) / 1_000);
    }
    await apply(entry, step, tx);
  };

  async function perform(entry: Live, effect: DkgEffect, tx?: Transaction): Promise<void> {
    const { ceremonyId } = entry.state;
    switch (effect.type) {
      case "submitRound1":
        return deps.submitter.submit({ type: "dkgRound1", ceremonyId, package: effect.package });
      case "submitComplaint":
        return deps.submitter.submit({ type: "dkgComplaint", ceremonyId, dealer: effect.dealer });
      case "submitReveal":
        return deps.submitter.submit({ type: "dkgReveal", ceremonyId, complainer: effect.receiver, share: effect.share });
      case "sendShare":
        return deps.send(effect.receiver, ceremonyId, { type: "encryptedShare", ciphertext: effect.ciphertext });
      case "requestShare":
        return deps.send(effect.dealer, ceremonyId, { type: "shareRequest" });
      case "storeKey":
        return storeKey(deps, entry.state, effect);
      case "confirm":
        return confirm(deps, ceremonyId, effect);
      case "activateKey":
        await deps.keys.activate(ceremonyId);
        deps.metrics.ceremonies.add({ outcome: "completed" });
        return deps.onKeyActive(ceremonyId);
      case "eraseKey":
        return deps.keys.erase(ceremonyId);
      case "eraseCeremony":
        return eraseCeremony(deps, entry.state, tx);
      case "scheduleTimer":
        return schedule(effect, ceremonyId);
    }
  }

  function schedule({ id, share }: Extract<DkgEffect, { type: "scheduleTimer" }>, ceremonyId: Hex): void {
    const timer = setTimeout(() => inBackground(() => input(ceremonyId, { type: "timerFired", id })), deps.roundTimeoutMs * share);
    timer.unref();
    deps.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  async function open(decision: Extract<CeremonyDecision, { type: "ceremonyOpened" }>, tx: Transaction): Promise<void> {
    const { ceremonyId, epoch, threshold, roster } = decision;
    const member = roster.some(({ address }) => address === deps.self.address);
    if (!member || live.has(ceremonyId) || deps.keys.get(ceremonyId) !== undefined) return;
    const seed = await deps.files.ceremonySeed(ceremonyId);
    const opening = { domain: deps.domain, ceremonyId, epoch, threshold, roster, self: deps.self.address };
    const step = deps.scheme.dkg.open(opening, { seed: bytesToHex(seed) });
    const entry: Live = { state: step.state, openedAtMs: Date.now() };
    live.set(ceremonyId, entry);
    deps.logger.info("key generation opened", { ceremonyId, epoch, members: roster.length, threshold });
    await apply(entry, step, tx);
    deps.onOpened(ceremonyId);
  }

  const decided = (decision: CeremonyDecision, tx: Transaction): Promise<void> => {
    switch (decision.type) {
      case "ceremonyOpened":
        return open(decision, tx);
      case "ceremonyRound1Completed":
        return input(decision.ceremonyId, { type: "round1Completed", packages: decision.packages }, tx);
      case "ceremonyComplaintRaised":
        return input(decision.ceremonyId, { type: "complaintRaised", dealer: decision.dealer, complainer: decision.complainer }, tx);
      case "ceremonyShareRevealed": {
        const { dealer, complainer, share } = decision;
        return input(decision.ceremonyId, { type: "shareRevealed", dealer, complainer, share }, tx);
      }
      case "ceremonyCompleted": {
        const { groupKey, verifyingShares } = decision;
        return input(decision.ceremonyId, { type: "completed", groupKey, verifyingShares }, tx);
      }
      case "ceremonyFailed":
        deps.logger.warn("key generation failed", { ceremonyId: decision.ceremonyId, code: decision.code, culprits: decision.culprits });
        return input(decision.ceremonyId, { type: "failed", culprits: decision.culprits }, tx);
    }
  };

  return {
    onDecision: (decision, tx) => inTurn(() => decided(decision, tx)),
    onMessage(from, ceremonyId, body) {
      const entry = live.get(ceremonyId);
      if (entry === undefined) return;
      if (body.type === "shareRequest") {
        inBackground(() => input(ceremonyId, { type: "shareRequested", receiver: from }));
      } else if (body.type === "encryptedShare") {
        const route = { context: entry.state.context, dealer: from, receiver: deps.self.address };
        const share = decryptShare(body.ciphertext, { route, receiverPrivateKey: deps.self.privateKey });
        const opened = share === undefined ? null : bytesToHex(share);
        inBackground(() => input(ceremonyId, { type: "shareReceived", dealer: from, share: opened }));
      }
    },
    knows: (ceremonyId) => live.has(ceremonyId) || ended.has(ceremonyId),
    find: (ceremonyId) => {
      const entry = live.get(ceremonyId);
      if (entry === undefined) return ended.get(ceremonyId);
      return { phase: entry.state.phase, culprits: entry.state.blame.map(({ member }) => member) };
    },
    resume: async () => {
      for (const ceremonyId of [...live.keys()]) await inTurn(() => input(ceremonyId, { type: "resumed" }));
    },
  };
}

async function loadCeremonies({ store, files }: CeremoniesDeps): Promise<[Hex, Live][]> {
  const rows = await store.sql`select ceremony_id, state, opened_at from ceremony where state is not null order by opened_at`;
  const loaded: [Hex, Live][] = [];
  for (const row of rows) {
    const ceremonyId = row["ceremony_id"] as Hex;
    const seed = await files.findCeremonySeed(ceremonyId);
    // Without its file the state is unreadable: the ceremony was being erased when the process stopped.
    if (seed === undefined) await store.sql`delete from ceremony where ceremony_id = ${ceremonyId}`;
    else {
      const state = openState(row["state"] as Uint8Array, { seed, ceremonyId });
      loaded.push([ceremonyId, { state, openedAtMs: (row["opened_at"] as Date).getTime() }]);
    }
  }
  return loaded;
}

async function save({ store }: CeremoniesDeps, state: DkgState, tx?: Transaction): Promise<void> {
  const sealed = Buffer.from(sealState(state, hexToBytes(state.secret.seed), new Uint8Array(randomBytes(12))));
  const sql = tx ?? store.sql;
  const culprits = sql.json(state.blame.map(({ member }) => member) as never);
  await sql`
    insert into ceremony (ceremony_id, phase, state, culprits) values (${state.ceremonyId}, ${state.phase}, ${sealed}, ${culprits})
    on conflict (ceremony_id) do update set phase = excluded.phase, state = excluded.state, culprits = excluded.culprits`;
}

async function storeKey(
  deps: CeremoniesDeps,
  state: DkgState,
  { group, share }: { group: GroupPublic; share: KeyShare },
): Promise<void> {
  const roster = state.roster.map(({ address }) => address);
  const update: EpochUpdate = {
    epoch: state.epoch,
    schemeId: deps.scheme.capabilities.schemeId,
    threshold: state.threshold,
    membersHash: membersHash(roster),
    groupKeyHash: keccak256(group.groupKey),
    previousUpdateHash: await deps.keys.previousUpdateHash(),
  };
  await deps.keys.add(
    {
      keyId: state.ceremonyId,
      epoch: state.epoch,
      scheme: frostSuiteName,
      group,
      roster,
      selfIndex: state.selfIndex,
      updateDigest: epochUpdateDigest(update, deps.domain),
    },
    share,
  );
}

async function confirm(
  deps: CeremoniesDeps,
  ceremonyId: Hex,
  { group, transcriptHash }: { group: GroupPublic; transcriptHash: Hex },
): Promise<void> {
  const record = deps.keys.get(ceremonyId);
  if (record === undefined) throw new Error("a key is stored before it is confirmed");
  deps.submitter.submit({
    type: "ceremonyConfirmation",
    ceremonyId,
    groupKey: group.groupKey,
    verifyingShares: group.verifyingShares,
    transcriptHash,
    signature: signDigest(deps.self.privateKey, record.updateDigest),
  });
}

/** File first: without it the row is noise. A void attempt is reported as erased to the pool. */
async function eraseCeremony(deps: CeremoniesDeps, state: DkgState, tx?: Transaction): Promise<void> {
  await deps.files.eraseCeremony(state.ceremonyId);
  const sql = tx ?? deps.store.sql;
  await sql`delete from ceremony where ceremony_id = ${state.ceremonyId}`;
  if ((await deps.files.findCeremonySeed(state.ceremonyId)) !== undefined) throw new Error("an erased seed does not open");
  if (state.phase === "failed") {
    deps.metrics.ceremonies.add({ outcome: "failed" });
    deps.submitter.submit({ type: "keyErasure", keyId: state.ceremonyId });
  }
}

function report({ logger, metrics }: CeremoniesDeps, step: DkgStep): void {
  const { ceremonyId } = step.state;
  for (const { member, code } of step.blame ?? []) {
    metrics.blames.add({ code });
    logger.warn("member at fault in a key generation", { ceremonyId, member, code });
  }
  if (step.rejected !== undefined) logger.warn("ceremony input refused", { ceremonyId, code: step.rejected });
}

