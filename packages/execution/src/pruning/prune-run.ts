/**
 * One run of pruning: deletes the contents that no kept block's state reaches. Kept are a block B, on which every other
 * kept block is built, and all blocks above its height. What a kept block's state reaches was written by a block above B,
 * or is reached from B: a block refers to what it wrote itself and to what its parent's state had. So one state is walked,
 * B's, and whatever a block above B wrote stays. Mark and sweep with bounded work in each step.
 */
import { assert, type Hex, hexToBytes } from "@sequorum/protocol";
import { type ContentKind, linksOf } from "./content-links.ts";
import { createHashFilter } from "./hash-filter.ts";

/** The contents as pruning sees them. `height` of a content is that of the highest block that wrote it. */
export type PruneStore = {
  /** The contents of the hashes, in their order. */
  read(hashes: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Hashes after `after` of contents with a height of at most `heightMax`, ascending. */
  list(range: {
    readonly after: Uint8Array | undefined;
    readonly heightMax: bigint;
    readonly max: number;
  }): Promise<readonly Uint8Array[]>;
  /** Deletes those whose height is still at most `heightMax`: one that was written anew meanwhile stays. */
  delete(hashes: readonly Uint8Array[], heightMax: bigint): Promise<number>;
  /** Writes that states below `height` are no more; on disk when it resolves, before anything is deleted. */
  keepFrom(height: bigint): Promise<void>;
};

/** What a run starts from. */
export type PruneRunOptions = {
  readonly store: PruneStore;
  /** The lowest block whose state is kept. */
  readonly block: { readonly hash: Hex; readonly height: bigint };
  /** About how many contents there are; only the memory for marks depends on it. */
  readonly contents: number;
  /** Random bytes, new for each run. */
  readonly salt: Uint8Array;
  /** Contents that one step reads; it looks at eight times as many hashes. */
  readonly contentsPerStep: number;
};

/** How far a run is. */
export type PruneProgress = {
  readonly type: "marking" | "sweeping" | "done";
  readonly marked: number;
  readonly deleted: number;
};

/** The state of the block is not whole, so nothing was deleted: the store was damaged. */
export type PruneRefused = { readonly type: "incomplete"; readonly missing: Uint8Array };

/** A run; a new one may be started at any time instead of going on with it. */
export type PruneRun = {
  /** Does a little. */
  step(): Promise<PruneProgress | PruneRefused>;
};

const hashesPerContent = 8;
/** How far BLOCKHASH sees (Yellow Paper, section 9.4). */
const ancestorsKept = 256;

type Waiting = {
  readonly hash: Uint8Array;
  readonly kind: ContentKind;
  /** Of a header: how many blocks below the kept one. */
  readonly depth: number;
};

/** Prepares a run. */
export function createPruneRun(options: PruneRunOptions): PruneRun {
  const { store, block, contents, salt, contentsPerStep } = options;
  const hashesPerStep = hashesPerContent * contentsPerStep;
  const filter = createHashFilter(contents, salt);
  const waiting: Waiting[] = [{ hash: hexToBytes(block.hash), kind: "header", depth: 0 }];
  let phase: "marking" | "sweeping" | "done" = "marking";
  let after: Uint8Array | undefined;
  let marked = 0;
  let deleted = 0;

  async function mark(): Promise<PruneRefused | undefined> {
    const taken = waiting.splice(-contentsPerStep);
    const found = await store.read(taken.map(({ hash }) => hash));
    for (const [i, { hash, kind, depth }] of taken.entries()) {
      const content = found[i];
      if (content === undefined) return { type: "incomplete", missing: hash };
      filter.add(hash);
      marked += 1;
      for (const link of linksOf(kind, content)) {
        const isAncestor = link.kind === "header";
        // of the blocks below only the headers are kept, for BLOCKHASH; genesis has no parent
        if (isAncestor && (depth === ancestorsKept || isZero(link.hash))) continue;
        if (kind === "header" && !isAncestor && depth > 0) continue;
        waiting.push({ ...link, depth: isAncestor ? depth + 1 : 0 });
      }
    }
    return undefined;
  }

  async function sweep(): Promise<void> {
    const heightMax = block.height;
    const listed = await store.list({ after, heightMax, max: hashesPerStep });
    const garbage = listed.filter((hash) => !filter.has(hash));
    if (garbage.length > 0) deleted += await store.delete(garbage, heightMax);
    after = listed.at(-1);
    if (listed.length < hashesPerStep) phase = "done";
  }

  return {
    async step() {
      assert(phase !== "done", "a run that is done does nothing more");
      if (phase === "sweeping") await sweep();
      else {
        const refused = await mark();
        if (refused !== undefined) return refused;
        if (waiting.length === 0) {
          await store.keepFrom(block.height);
          phase = "sweeping";
        }
      }
      return { type: phase, marked, deleted };
    },
  };
}

function isZero(hash: Uint8Array): boolean {
  return hash.every((byte) => byte === 0);
}
