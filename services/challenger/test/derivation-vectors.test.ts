import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { networkRules } from "@sequorum/execution";
import type { BatchHeader, Hex, NetworkConfig } from "@sequorum/protocol";
import { batchDigest, chunkRoot, hexToBytes, signingDomain, zeroHash } from "@sequorum/protocol";
import {
  createExecutor,
  createMemoryStateStore,
  type Executor,
  type ForcedEntry,
} from "@sequorum/stf";
import { fromJson } from "../src/adapters/json.ts";
import type { Alarm } from "../src/core/alarm.ts";
import type { Input } from "../src/core/input.ts";
import type { State, Submission } from "../src/core/state.ts";
import { step } from "../src/core/step.ts";
import type { L1Fact, L1Origin } from "../src/ports.ts";
import { prove } from "./pool-keys.ts";

type Vector = Pick<
  NetworkConfig,
  "l1ChainId" | "l2ChainId" | "contracts" | "l2Genesis" | "parameters"
> & {
  readonly blocks: readonly (L1Origin & { readonly facts: readonly L1Fact[] })[];
  readonly expected: readonly Hex[];
};
type Outcome = {
  readonly hashes: readonly Hex[];
  readonly alarms: readonly Alarm[];
  readonly state: State;
};

const vector = withBytes(
  fromJson<Vector>(readFileSync(new URL("vectors/derivation.json", import.meta.url), "utf8")),
);
const domain = signingDomain({ ...vector, genesisL1Block: 0n, genesisTimeMs: 0 });

/** Hexadecimal data of the file as bytes. */
function withBytes(read: Vector): Vector {
  const toBytes = (text: unknown) => hexToBytes(String(text));
  const convert = (fact: L1Fact): L1Fact => {
    if (fact.type === "entryEnqueued") return { ...fact, transaction: toBytes(fact.transaction) };
    if (fact.type !== "batchSubmitted" || fact.submission.calldata === null) return fact;
    const calldata = { ...fact.submission.calldata, data: toBytes(fact.submission.calldata.data) };
    return { ...fact, submission: { ...fact.submission, calldata } };
  };
  return {
    ...read,
    blocks: read.blocks.map((block) => ({ ...block, facts: block.facts.map(convert) })),
  };
}

/** Derives the whole vector, its first batch changed by `change`. */
async function derive(
  change: (submission: Submission) => Submission = (submission) => submission,
): Promise<Outcome> {
  const store = createMemoryStateStore();
  const executor = createExecutor({ store, ...networkRules(vector) });
  const genesis = executor.genesisBlock(vector.l2Genesis);
  store.commit(genesis);
  const tip = {
    ...{ batchIndex: 0n, batchHash: zeroHash, height: 0n, blockHash: genesis.block.hash },
    ...{ queuePosition: 0n, l1OriginNumber: 0n },
  };
  const hashes: Hex[] = [];
  const alarms: Alarm[] = [];
  const entries: ForcedEntry[] = [];
  let state: State = {
    parameters: { domain, l2ChainId: vector.l2ChainId },
    ...{ tip, epochs: [], inWork: null, wrongBatch: null },
  };

  async function apply(input: Input): Promise<void> {
    const next = step(state, input);
    state = next.state;
    for (const effect of next.effects) {
      if (effect.type === "raiseAlarm") alarms.push(effect.alarm);
      if (effect.type === "decodeData") await apply(decode(executor, effect.data));
      if (effect.type !== "executeBlock") continue;
      const header = store.header(effect.parentHash);
      const origin = vector.blocks[Number(effect.block.l1OriginNumber)];
      assert.ok(header !== undefined && origin !== undefined);
      const result = executor.applyBatchBlock(
        { header, hash: effect.parentHash, originNumber: effect.parentOriginNumber },
        {
          ...effect.block,
          ...{ originNumber: origin.number, originHash: origin.hash, originTime: origin.timestamp },
          forcedEntries: entries.filter(
            ({ position, l1BlockNumber }) =>
              position >= header.queuePosition && l1BlockNumber <= origin.number,
          ),
        },
      );
      if (result.type === "notIncludable") {
        await apply({ type: "blockNotIncludable", reason: result.reason });
        continue;
      }
      store.commit(result);
      hashes.push(result.block.hash);
      const { number: height, stateRoot, timestamp, queuePosition } = result.block.header;
      const { hash } = result.block;
      const l1 = { l1OriginNumber: origin.number, l1OriginHash: origin.hash };
      await apply({
        type: "blockExecuted",
        block: { height, hash, stateRoot, timestamp, queuePosition, ...l1 },
      });
    }
  }

  for (const block of vector.blocks) {
    for (const fact of block.facts) {
      if (fact.type === "entryEnqueued") entries.push({ ...fact, l1BlockNumber: block.number });
      else if (fact.type === "batchesInvalidated") assert.fail("the vector voids nothing");
      else if (fact.type === "batchSubmitted" && fact.submission.header.index === 1n) {
        await apply({ type: "batchSubmitted", submission: change(fact.submission) });
      } else await apply(fact);
    }
  }
  return { hashes, alarms, state };
}

function decode(executor: Executor, data: Uint8Array): Input {
  const decoded = executor.decodeBatch(data);
  if (decoded.type === "rejected") return { type: "dataNotDecodable", reason: decoded.code };
  const blocks = decoded.blocks.map((block) => ({ ...block, l1OriginNumber: block.originNumber }));
  return { type: "dataDecoded", blocks };
}

/** The submission as the whole pool would have signed it with another header or data. */
function resigned(
  { header, calldata, ...rest }: Submission,
  change: Partial<BatchHeader>,
  data?: Uint8Array,
): Submission {
  assert.ok(calldata !== null);
  const bytes = data ?? calldata.data;
  const next = { ...header, daSize: bytes.length, daRoot: chunkRoot(bytes), ...change };
  const batchHash = batchDigest(next, domain);
  return {
    ...rest,
    header: next,
    batchHash,
    calldata: { header: next, data: bytes, proof: prove(batchHash) },
  };
}

test("C1 the vector's blocks follow from its L1 facts", async () => {
  const { hashes, alarms, state } = await derive();
  assert.deepEqual(alarms, []);
  assert.deepEqual(hashes, vector.expected);
  assert.equal(state.tip.batchIndex, 2n);
  assert.equal(state.tip.queuePosition, 2n);
});

for (const field of ["blockRoot", "postStateRoot", "lastBlockHash"] as const) {
  test(`C1 the vector with a wrong ${field} raises an alarm on it`, async () => {
    const { alarms, state } = await derive((submission) =>
      resigned(submission, { [field]: zeroHash }),
    );
    assert.deepEqual(
      alarms.map(({ code, field: at }) => [code, at]),
      [["FIELD_DIFFERS", field]],
    );
    assert.equal(state.tip.batchIndex, 0n);
  });
}

test("C1 the vector's data with one byte changed raises an alarm, whatever the pool signs", async () => {
  const submission = vector.blocks
    .flatMap(({ facts }) => facts)
    .find((fact) => fact.type === "batchSubmitted")?.submission;
  const length = submission?.calldata?.data.length ?? assert.fail();
  for (let position = 0; position < length; position += 11) {
    const { alarms } = await derive((posted) => {
      const data = Uint8Array.from(posted.calldata?.data ?? []);
      data[position] = (data[position] ?? 0) ^ 0x10;
      return resigned(posted, {}, data);
    });
    assert.equal(alarms.length, 1, `byte ${position}`);
  }
});
