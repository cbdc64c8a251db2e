/** Four cores in one thread: a network that delays and reorders, a PoS chain that starts terms and certifies. */
import type { Hex } from "@sequorum/protocol";
import type { Transaction } from "@sequorum/stf";
import type { Effect } from "../../src/core/effect.ts";
import type { BlockSummary, TermInfo } from "../../src/core/state.ts";
import { address, asReceived, CoreRunner, term, transaction } from "./harness.ts";

export const members = [11, 12, 13, 14].map(address);
/** Nodes that must hold a block valid before it is certified. */
const quorumCount = 3;

export type Action =
  | { readonly type: "submit"; readonly at: number; readonly sender: number }
  | { readonly type: "deliver"; readonly pick: number }
  | { readonly type: "finish"; readonly at: number }
  | { readonly type: "term"; readonly leader: number }
  | { readonly type: "certify" }
  | { readonly type: "time"; readonly ms: number };

type Parcel = { readonly to: number; readonly deliver: () => void };

export class Simulation {
  readonly nodes = members.map(
    (self) => new CoreRunner({ self, uncertifiedBlocksMax: 4, mempool: roomy }),
  );
  readonly blocks = new Map<Hex, BlockSummary>();
  readonly sealedBy = new Map<string, Hex>();
  readonly certified: Hex[] = [];
  readonly accepted: { readonly at: number; readonly transaction: Transaction }[] = [];
  #parcels: Parcel[] = [];
  #term: TermInfo = term(0n, address(0));
  readonly #nonces = new Map<number, bigint>();

  act(action: Action): void {
    switch (action.type) {
      case "submit":
        return this.#submit(action);
      case "deliver":
        return this.#deliver(action.pick);
      case "finish":
        return this.#finish(action.at);
      case "term":
        return this.#startTerm(action.leader);
      case "certify":
        return this.#certify();
      case "time":
        for (let ms = 0; ms < action.ms; ms += 100) {
          for (const [i, node] of this.nodes.entries())
            this.#perform(i, node.after(100).send({ type: "tick" }));
        }
        return;
    }
  }

  /** Lets everything arrive and every build end, until nothing moves. */
  settle(): void {
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < this.nodes.length; i++) this.#finish(i);
      while (this.#parcels.length > 0) this.#deliver(0);
      this.#certify();
      while (this.#parcels.length > 0) this.#deliver(0);
      this.act({ type: "time", ms: 500 });
    }
  }

  #submit({ at, sender }: { at: number; sender: number }): void {
    const nonce = this.#nonces.get(sender) ?? 0n;
    const item = transaction({ from: address(100 + sender), nonce });
    const node = this.#node(at);
    const effects = this.#submitTo(node, [item]);
    if (effects.some((effect) => effect.type === "answer" && effect.answer.type === "accepted")) {
      this.#nonces.set(sender, nonce + 1n);
      this.accepted.push({ at, transaction: item });
    }
    this.#perform(at, effects);
  }

  #submitTo(node: CoreRunner, transactions: readonly Transaction[]): readonly Effect[] {
    const accountOf = (sender: Hex) => ({
      nonce: this.#nonceAt(node.state.head, sender),
      balanceWei: 10n ** 20n,
    });
    return node.submitAs(accountOf, transactions);
  }

  #forward({ to, transactions }: Extract<Effect, { type: "forward" }>): void {
    this.#send(members.indexOf(to), (node) => this.#submitTo(node, transactions));
  }

  #finish(at: number): void {
    const node = this.#node(at);
    const build = this.#builds.get(at);
    if (build === undefined) return;
    this.#builds.delete(at);
    this.#perform(at, node.finishBuild([build]));
  }

  readonly #builds = new Map<number, Effect>();

  #perform(at: number, effects: readonly Effect[]): void {
    const self = members[at] ?? address(0);
    for (const effect of effects) {
      if (effect.type === "build") this.#builds.set(at, effect);
      if (effect.type === "storeSealed") this.#noteSeal(effect.summary, self);
      if (effect.type === "storeBlock") this.blocks.set(effect.summary.hash, effect.summary);
      if (effect.type === "broadcast") this.#spread(at, effect.hash);
      if (effect.type === "forward") this.#forward(effect);
      if (effect.type === "execute") this.#execute(at, effect.hash);
      if (effect.type === "fetchBlocks") for (const hash of effect.hashes) this.#fetch(at, hash);
      if (effect.type === "readAccounts") this.#readAccounts(at, effect);
    }
  }

  #noteSeal(summary: BlockSummary, self: Hex): void {
    const key = `${self}/${summary.term}/${summary.height}`;
    const before = this.sealedBy.get(key);
    if (before !== undefined && before !== summary.hash)
      throw new Error(`O7 broken: two seals for ${key}`);
    this.sealedBy.set(key, summary.hash);
    this.blocks.set(summary.hash, summary);
  }

  #spread(from: number, hash: Hex): void {
    for (let to = 0; to < members.length; to++) if (to !== from) this.#sendBlock(to, hash);
  }

  #fetch(to: number, hash: Hex): void {
    if (this.blocks.has(hash)) this.#sendBlock(to, hash);
  }

  #sendBlock(to: number, hash: Hex): void {
    const block = this.blocks.get(hash);
    const leader = this.#leaders.get(block?.term ?? 0n);
    if (block === undefined || leader === undefined) return;
    this.#send(to, (node) =>
      node.send({ type: "blockReceived", block: asReceived(block, leader, leader) }),
    );
  }

  #send(to: number, act: (node: CoreRunner) => readonly Effect[]): void {
    this.#parcels.push({ to, deliver: () => this.#perform(to, act(this.#node(to))) });
  }

  #deliver(pick: number): void {
    const [parcel] = this.#parcels.splice(pick % Math.max(1, this.#parcels.length), 1);
    parcel?.deliver();
  }

  #execute(at: number, hash: Hex): void {
    const summary = this.blocks.get(hash);
    if (summary === undefined) throw new Error("an executed block is known");
    this.#perform(
      at,
      this.#node(at).send({ type: "blockExecuted", hash, result: { type: "valid", summary } }),
    );
  }

  #readAccounts(at: number, { head, addresses }: Extract<Effect, { type: "readAccounts" }>): void {
    const accounts = new Map(
      addresses.map((each) => [each, { nonce: this.#nonceAt(head, each), balanceWei: 10n ** 20n }]),
    );
    this.#perform(at, this.#node(at).send({ type: "accountsRead", head, accounts }));
  }

  #nonceAt(head: Hex, sender: Hex): bigint {
    let nonce = 0n;
    for (let at = this.blocks.get(head); at !== undefined; at = this.blocks.get(at.parentHash)) {
      nonce += BigInt(at.transactions.filter(({ from }) => from === sender).length);
    }
    return nonce;
  }

  readonly #leaders = new Map<bigint, Hex>();

  #startTerm(leader: number): void {
    const next: TermInfo = {
      ...term(
        this.#term.term + 1n,
        members[leader % members.length] ?? address(0),
        BigInt(this.certified.length) + 1n,
      ),
    };
    this.#term = next;
    this.#leaders.set(next.term, next.leader);
    for (let to = 0; to < members.length; to++)
      this.#send(to, (node) => node.send({ type: "termStarted", term: next }));
  }

  /** A block is certified when a quorum has it in its canonical chain, right above the certified ones. */
  #certify(): void {
    const height = BigInt(this.certified.length) + 1n;
    const votes = new Map<Hex, number>();
    for (const node of this.nodes) {
      let at: BlockSummary | undefined = node.head;
      while (at !== undefined && at.height > height) at = node.state.tree.get(at.parentHash);
      if (at?.height === height) votes.set(at.hash, (votes.get(at.hash) ?? 0) + 1);
    }
    const [hash] = [...votes].find(([, count]) => count >= quorumCount) ?? [];
    if (hash === undefined) return;
    this.certified.push(hash);
    for (let to = 0; to < members.length; to++) {
      this.#send(to, (node) =>
        node.send({ type: "blocksCertified", from: height, hashes: [hash] }),
      );
    }
  }

  #node(at: number): CoreRunner {
    const node = this.nodes[at % this.nodes.length];
    if (node === undefined) throw new Error("there is such a node");
    return node;
  }
}

const roomy = {
  transactionsMax: 500,
  bytesMax: 1_000_000,
  perSenderMax: 100,
  nonceGapMax: 100,
  queuedMax: 200,
  replacementRaisePercent: 10,
  ageMsMax: 10_000_000,
};
