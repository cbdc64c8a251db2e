/** What the orderer's updates make of the view, and what of a view may be certified. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesToHex, type Hex, hexToBytes, keccak256 } from "@sequorum/protocol";
import { updated } from "../../../src/adapters/canonical-view.ts";
import { type CanonicalBlock, certifiableBlocks } from "../../../src/core/pool/certification.ts";
import { genesisState } from "../../../src/core/pool/genesis.ts";
import type { PoolState } from "../../../src/core/pool/state.ts";
import { createGenesis, createMembers } from "../../../src/testing/pool-members.ts";

const hashOf = (name: string): Hex => keccak256(bytesToHex(new TextEncoder().encode(name)));

/** Blocks named like `a1 a2 b3`: letter = fork, each on top of the one before; `parent` is before the first. */
function chain(names: string, options: { parent?: string; term?: bigint } = {}): CanonicalBlock[] {
  const list = names.split(" ");
  return list.map((name, i) => ({
    height: BigInt(name.slice(1)),
    hash: hashOf(name),
    parentHash: hashOf(list[i - 1] ?? options.parent ?? "genesis"),
    term: options.term ?? 1n,
  }));
}

const references = (blocks: readonly CanonicalBlock[]) =>
  blocks.map(({ height, hash, parentHash, term }) => ({
    $typeName: "sequorum.types.v1alpha1.BlockReference" as const,
    height,
    hash: hexToBytes(hash),
    parentHash: hexToBytes(parentHash),
    term,
  }));

test("an update cuts the view at the fork and continues it", () => {
  const view = chain("a1 a2 a3");
  const blocks = references(chain("b2 b3", { parent: "a1" }));
  assert.deepEqual(updated(view, { forkHeight: 1n, blocks }, 0n), [
    ...chain("a1"),
    ...chain("b2 b3", { parent: "a1" }),
  ]);
  assert.deepEqual(
    updated(view, { forkHeight: 1n, blocks }, 2n),
    chain("b2 b3", { parent: "a1" }).slice(1),
  );
  assert.deepEqual(updated(view, { forkHeight: 0n, blocks: [] }, 0n), []);
});

test("an update that does not link to the view or to what is certified is a gap", () => {
  assert.equal(updated([], { forkHeight: 4n, blocks: references(chain("a5")) }, 2n), undefined);
  assert.equal(
    updated(chain("a1"), { forkHeight: 4n, blocks: references(chain("a5")) }, 0n),
    undefined,
  );
});

test("only blocks on top of the certified head, in the span, and of no later term are certified", () => {
  const genesis = genesisState(createGenesis(createMembers([20]), { termSpanBlocks: 4 }));
  const at = (height: bigint, name: string): PoolState => ({
    ...genesis,
    certified: { height, hash: hashOf(name), recent: [hashOf(name)] },
  });
  const names = (state: PoolState, view: readonly CanonicalBlock[]) =>
    certifiableBlocks(state, view).map(({ height }) => height);
  assert.deepEqual(names(genesis, chain("a1 a2 a3 a4 a5 a6")), [1n, 2n, 3n, 4n]);
  assert.deepEqual(names(at(2n, "a2"), chain("a1 a2 a3")), [3n]);
  assert.deepEqual(names(at(2n, "b2"), chain("a1 a2 a3")), [], "another fork was certified");
  assert.deepEqual(
    names(genesis, chain("a1 a2", { term: 2n })),
    [],
    "a later term is not known here",
  );
  assert.deepEqual(names(genesis, chain("a2 a3")), [], "a gap");
});
