/**
 * State for the main thread, which must not wait: what the executor lacks is fetched, then the executor is asked again.
 * What several questions lack at the same time is one query.
 */
import { type Hex, hexToBytes } from "@sequorum/protocol";
import { RetryableError } from "@sequorum/service";
import type { Sql } from "@sequorum/store";
import {
  type BlockHeader,
  type CachedStateStore,
  type ContentEntry,
  createCachedStateStore,
  createExecutor,
  type ExecutionRules,
  type Executor,
  MissingContent,
  packContents,
} from "@sequorum/stf";
import { readContents } from "./content-rows.ts";

/** An executor over the contents in Postgres. */
export type StateAccess = {
  /** Throws `MissingContent` for what is not in memory; use `read` for what needs state. */
  readonly executor: Executor;
  readonly states: Pick<CachedStateStore, "hold" | "release">;
  /** What `work` gives once everything it needs is in memory; throws `MissingContent` for what is not in Postgres. */
  read<T>(work: (executor: Executor) => T): Promise<T>;
  /** A header that is stored or held. */
  header(hash: Hex): Promise<BlockHeader | undefined>;
};

/** What it is made of. */
export type StateAccessOptions = {
  readonly sql: Sql;
  readonly chainId: bigint;
  readonly rules: ExecutionRules;
  readonly cacheBytesMax: number;
  /** Told what was fetched, packed: who executes will need it, too. */
  readonly onFetched?: (contents: Uint8Array) => void;
};

type Asked = {
  readonly resolve: (isFound: boolean) => void;
  readonly reject: (error: unknown) => void;
};

/** Makes it. */
export function createStateAccess(options: StateAccessOptions): StateAccess {
  const { chainId, rules } = options;
  const states = createCachedStateStore(
    { read: () => undefined },
    { bytesMax: options.cacheBytesMax },
  );
  const executor = createExecutor({ store: states, chainId, rules });
  let asked = new Map<Hex, Asked[]>();

  /** Fetches a content into memory; false when there is none. */
  function fetch(hash: Hex): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (asked.size === 0) setImmediate(() => void flush());
      const others = asked.get(hash) ?? [];
      asked.set(hash, [...others, { resolve, reject }]);
    });
  }

  async function flush(): Promise<void> {
    const group = asked;
    asked = new Map();
    const hashes = [...group.keys()].map(hexToBytes);
    try {
      const found = await readContents(options.sql, hashes);
      const fetched: ContentEntry[] = [];
      for (const [i, waiting] of [...group.values()].entries()) {
        const [hash, content] = [hashes[i], found[i]];
        if (hash !== undefined && content !== undefined) {
          states.add(hash, content);
          fetched.push({ hash, content });
        }
        for (const { resolve } of waiting) resolve(content !== undefined);
      }
      if (fetched.length > 0) options.onFetched?.(packContents(fetched));
    } catch (cause) {
      const error = new RetryableError("state cannot be read from Postgres", { cause });
      for (const { reject } of [...group.values()].flat()) reject(error);
    }
  }

  return {
    executor,
    states,
    async read(work) {
      for (;;) {
        try {
          return work(executor);
        } catch (error) {
          // each round fetches one content more, so it ends with what there is
          if (!(error instanceof MissingContent) || !(await fetch(error.hash))) throw error;
        }
      }
    },
    async header(hash) {
      const known = states.header(hash);
      if (known !== undefined) return known;
      return (await fetch(hash)) ? states.header(hash) : undefined;
    },
  };
}
