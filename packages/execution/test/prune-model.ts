/** A chain with branches over contents in memory: what must be there, against what pruning leaves. */
import { bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from "@sequorum/protocol";
import { createPruneRun, type PruneRun, type PruneStore } from "../src/pruning/prune-run.ts";
import { buildHeader, buildState, type TestAccount, type TestState } from "./trie-builder.ts";

type Block = {
  readonly hash: Hex;
  readonly parent: Block | undefined;
  readonly height: bigint;
  readonly state: TestState;
  /** Everything that reading its state may need. */
  readonly needs: ReadonlySet<Hex>;
};

/** What happens in a model, in the order of a list. */
export type Command =
  /** A block on one of the blocks that may still be built on, 0 is the highest. `isDuringDelete`: just before the next deletion. */
  | {
      readonly type: "block";
      readonly on: number;
      readonly changes: readonly Change[];
      readonly isDuringDelete: boolean;
    }
  /** The chain of the highest block settles further. */
  | { readonly type: "settle"; readonly blocks: number }
  | { readonly type: "prune"; readonly steps: number }
  /** The process dies: what it had in memory is gone. */
  | { readonly type: "crash" };

/** Replaces an account: a new one, that of another name, that of some blocks ago, or none. */
export type Change = { readonly name: number } & (
  | { readonly to: "new"; readonly account: TestAccount }
  | { readonly to: "copy"; readonly from: number }
  | { readonly to: "former"; readonly blocksAgo: number }
  | { readonly to: "none" }
);

/** Hashes that a block's header reaches back. */
const ancestors = 256;

/** A model; `check` throws when something that must be there is not. */
export function createModel() {
  const stored = new Map<Hex, { content: Uint8Array; height: bigint }>();
  const blocks: Block[] = [];
  const pendingAtDelete: Extract<Command, { type: "block" }>[] = [];
  let settled = 0n;
  let keptFrom = 0n;
  let run: PruneRun | undefined;
  let runs = 0;

  const head = () => blocks.reduce((best, block) => (block.height > best.height ? block : best));
  const ancestorAt = (block: Block, height: bigint): Block => {
    let at = block;
    while (at.height > height && at.parent !== undefined) at = at.parent;
    return at;
  };
  const canonicalAt = (height: bigint) => ancestorAt(head(), height);
  const above = (height: bigint) => {
    const base = canonicalAt(height);
    return blocks
      .filter((block) => block.height >= height && ancestorAt(block, height) === base)
      .sort((a, b) => Number(b.height - a.height));
  };

  function addBlock({ on, changes }: Extract<Command, { type: "block" }>): void {
    const open = blocks.length === 0 ? [] : above(settled);
    const parent = open[on % Math.max(1, open.length)];
    const state = new Map(parent?.state ?? []);
    for (const change of changes) apply(state, change, parent);
    const height = parent === undefined ? 0n : parent.height + 1n;
    const { root, contents } = buildState(state);
    const header = buildHeader(parent?.hash ?? zeroHash, root, BigInt(blocks.length));
    const hash = keccak256(header);
    const needs = new Set(contents.keys()).add(hash);
    blocks.push({ hash, parent, height, state, needs });
    contents.set(hash, header);
    for (const [key, content] of contents) {
      if (parent?.needs.has(key)) continue; // as little as an executor may write
      const former = stored.get(key)?.height ?? -1n;
      stored.set(key, { content, height: former > height ? former : height });
    }
  }

  const store: PruneStore = {
    read: async (hashes) => hashes.map((hash) => stored.get(bytesToHex(hash))?.content),
    async list({ after, heightMax, max }) {
      const from = after === undefined ? "" : bytesToHex(after);
      const old = [...stored].filter(([key, { height }]) => key > from && height <= heightMax);
      return old
        .map(([key]) => key)
        .sort()
        .slice(0, max)
        .map(hexToBytes);
    },
    async delete(hashes, heightMax) {
      for (const command of pendingAtDelete.splice(0)) addBlock(command);
      let deleted = 0;
      for (const hash of hashes.map(bytesToHex)) {
        if ((stored.get(hash)?.height ?? heightMax + 1n) > heightMax) continue;
        stored.delete(hash);
        deleted += 1;
      }
      return deleted;
    },
    async keepFrom(height) {
      keptFrom = height;
    },
  };

  async function prune(steps: number): Promise<boolean> {
    for (let step = 0; step < steps; step++) {
      if (run === undefined) {
        const block = canonicalAt(settled);
        const salt = Uint8Array.of(1, 2, 3, runs++);
        run = createPruneRun({ store, block, contents: stored.size, salt, contentsPerStep: 3 });
      }
      const progress = await run.step();
      if (progress.type === "incomplete") throw new Error("the state to keep is incomplete");
      if (progress.type !== "done") continue;
      run = undefined;
      return true;
    }
    return false;
  }

  return {
    async perform(command: Command): Promise<void> {
      if (command.type === "block" && command.isDuringDelete) pendingAtDelete.push(command);
      else if (command.type === "block") addBlock(command);
      else if (command.type === "prune") await prune(command.steps);
      else if (command.type === "crash") run = undefined;
      else if (blocks.length > 0) {
        const next = settled + BigInt(command.blocks);
        settled = next < head().height ? next : head().height;
      }
    },
    /** Prunes to the end, from the block that is settled now. */
    async pruneAll(): Promise<void> {
      run = undefined;
      while (!(await prune(1)));
    },
    check(): void {
      if (blocks.length === 0) return;
      for (const block of above(keptFrom)) {
        for (const key of block.needs) {
          if (!stored.has(key)) throw new Error(`block ${block.height} lacks ${key}`);
        }
        let ancestor = block.parent;
        for (let depth = 0; ancestor !== undefined && depth < ancestors; depth++) {
          if (!stored.has(ancestor.hash)) throw new Error(`no header ${ancestor.height}`);
          ancestor = ancestor.parent;
        }
      }
    },
    /** Stored contents that neither a kept state reaches nor a block above the oldest kept one wrote. */
    garbage(): Hex[] {
      const reached = new Set<Hex>(canonicalAt(keptFrom).needs);
      let ancestor: Block | undefined = canonicalAt(keptFrom);
      for (let depth = 0; ancestor !== undefined && depth <= ancestors; depth++) {
        reached.add(ancestor.hash);
        ancestor = ancestor.parent;
      }
      return [...stored].flatMap(([key, { height }]) =>
        height > keptFrom || reached.has(key) ? [] : [key],
      );
    },
    size: () => stored.size,
  };
}

function apply(state: Map<number, TestAccount>, change: Change, parent: Block | undefined): void {
  const { name } = change;
  if (change.to === "none") return void state.delete(name);
  if (change.to === "new") return void state.set(name, change.account);
  let source = parent;
  if (change.to === "former") {
    for (let i = 0; i < change.blocksAgo; i++) source = source?.parent ?? source;
  }
  const account = source?.state.get(change.to === "copy" ? change.from : name);
  if (account !== undefined) state.set(name, account);
}
