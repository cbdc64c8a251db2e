import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  AssertionFailure,
  bytesToHex,
  concatBytes,
  type Hex,
  hexToBytes,
  keccak256,
  privateKeyToPublicKey,
  publicKeyToAddress,
  signDigest,
} from "@sequorum/protocol";
import { outputStateRoot, outputTraceStep } from "../assembly/interface.ts";
import { contentEntries } from "../src/content-table.ts";
import { MissingContent, ModuleHost } from "../src/module.ts";
import { createMemoryStateStore, type StateStore } from "../src/index.ts";
import { compileToWasm } from "./assembly/compile.ts";

let probe: WebAssembly.Module;
before(async () => {
  const url = new URL("assembly/probe-entry.ts", import.meta.url);
  probe = new WebAssembly.Module(await compileToWasm(url));
});

const noTask = { task: new Uint8Array(0) };

function hostOf(store: StateStore = createMemoryStateStore()): ModuleHost {
  return new ModuleHost(store, probe);
}

/** How often the host's instance has run. */
function runsOf(host: ModuleHost): number {
  assert.equal(host.run("genesis", noTask), true);
  return host.outputs.of(outputStateRoot)[0]?.[0] ?? 0;
}

test("an instance is used again after a run that ended, whatever its exit code", () => {
  const host = hostOf();
  assert.equal(runsOf(host), 1);
  assert.equal(host.run("call", noTask), false);
  assert.equal(runsOf(host), 2);
});

test("an arena that is poisoned is full of ones when a run begins", () => {
  const found = (poisonsArena: boolean) => {
    const host = new ModuleHost(createMemoryStateStore(), probe, { poisonsArena });
    host.run("genesis", noTask); // gets the memory
    host.run("genesis", { ...noTask, traceBytesMax: 8 });
    return Buffer.from(host.outputs.of(outputTraceStep)[0] ?? []).toString("hex");
  };
  assert.equal(found(true), "ff".repeat(8));
  assert.equal(found(false), "00".repeat(8));
});

test("an instance is not used again after an exception, a trap or an unknown exit code", () => {
  const host = hostOf();
  for (const [entry, error] of [
    ["replay", AssertionFailure],
    ["block", AssertionFailure],
  ] as const) {
    assert.equal(runsOf(host), 1, entry);
    const task = { task: new Uint8Array(32) };
    assert.throws(() => host.run(entry, task), error, entry);
    assert.equal(runsOf(host), 1, entry);
    assert.equal(runsOf(host), 2, entry);
    assert.throws(() => host.run(entry, task), error, entry);
  }
});

test("an instance is used again after a run that lacked content", () => {
  const host = hostOf();
  assert.equal(runsOf(host), 1);
  assert.throws(() => host.run("read", { task: new Uint8Array(32) }), MissingContent);
  assert.equal(runsOf(host), 2);
});

test("an instance whose memory grew large is not used again", () => {
  const host = hostOf();
  assert.equal(runsOf(host), 1);
  assert.equal(host.run("batch", noTask), true);
  assert.equal(runsOf(host), 1);
});

test("content is found by hash in the store or in the question, and what is missing is named", () => {
  const content = new Uint8Array(100).fill(9);
  const hash = new Uint8Array(32).fill(0xab);
  const text: Hex = `0x${"ab".repeat(32)}`;
  const asked: string[] = [];
  const slow: StateStore = {
    get: (key) => {
      asked.push(bytesToHex(key));
      return undefined;
    },
  };
  const read = (host: ModuleHost, fallback?: Uint8Array) => {
    const isDone = host.run("read", {
      task: hash,
      content: (wanted) => (wanted === text ? fallback : undefined),
    });
    assert.equal(isDone, true);
    assert.deepEqual(host.outputs.of(outputStateRoot), [content]);
    assert.deepEqual([...contentEntries(host.outputs.packedContent())], [{ hash, content }]);
  };
  const host = hostOf(slow);
  assert.throws(
    () => read(host),
    (error: unknown) => error instanceof MissingContent && error.hash === text,
  );
  assert.deepEqual(asked, [text]);
  read(host, content);
  read(hostOf({ get: () => content }));
  const store: StateStore = {
    get: () => assert.fail("a store is asked in one way"),
    locate: (keys, at, found) => {
      assert.deepEqual(new Uint8Array(keys.buffer, keys.byteOffset + at, 32), hash);
      found.bytes = concatBytes(Uint8Array.of(1), content, Uint8Array.of(2));
      found.start = 1;
      found.length = content.length;
      return true;
    },
  };
  read(hostOf(store));
});

test("a trace is cut where its bytes end, and the rest is counted", () => {
  const host = hostOf();
  const steps = [10, 20, 30, 1].map((length) => new Uint8Array(length).fill(length));
  const traced = (traceBytesMax: number) => {
    host.run("call", { ...noTask, transaction: (index) => steps[index], traceBytesMax });
    return [
      host.outputs.of(outputTraceStep).map(({ length }) => length),
      host.outputs.stepsLeftOut,
    ];
  };
  assert.deepEqual(traced(61), [[10, 20, 30, 1], 0]);
  assert.deepEqual(traced(60), [[10, 20, 30], 1]);
  assert.deepEqual(traced(59), [[10, 20], 2], "no hole: the last step would have fitted");
  assert.deepEqual(traced(0), [[], 4]);
});

test("a precompile's answer says whether it failed", () => {
  const host = hostOf();
  const ask = (number: number, input: Uint8Array) => {
    const gas = new Uint8Array(8);
    host.run("transaction", { task: concatBytes(Uint8Array.of(number), gas, input) });
    return Buffer.from(host.outputs.of(outputStateRoot)[0] ?? []).toString("hex");
  };
  const abc = Uint8Array.of(0x61, 0x62, 0x63);
  const sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(ask(2, abc), `01${sha256}`);
  assert.equal(ask(10, abc), "00");
  assert.equal(ask(1, new Uint8Array(128)), "01", "recovery fails with an empty output");
  for (const own of [4, 9]) {
    assert.throws(
      () => ask(own, abc),
      AssertionFailure,
      "identity and BLAKE2F are the module's own",
    );
  }
});

test("a sender is recovered once for each signature, and one that is told is believed", () => {
  const host = hostOf();
  const recover = (question: Uint8Array) => {
    host.run("transaction", { task: concatBytes(Uint8Array.of(1), new Uint8Array(8), question) });
    return bytesToHex(host.outputs.of(outputStateRoot)[0] ?? new Uint8Array(0));
  };
  const digest = keccak256("0x01");
  const [first, second] = [3, 4].map((seed) => {
    const key = new Uint8Array(32).fill(seed);
    const signature = hexToBytes(signDigest(key, digest));
    const v = new Uint8Array(32);
    v[31] = signature[64] ?? 0;
    const question = concatBytes(hexToBytes(digest), v, signature.subarray(0, 64));
    const address = publicKeyToAddress(privateKeyToPublicKey(key));
    return { question, answer: `0x01${"0".repeat(24)}${address.slice(2)}` };
  });
  assert.ok(first !== undefined && second !== undefined);
  // one hash, two signatures: neither answer is taken for the other
  for (const each of [first, first, second, first, second, second]) {
    assert.equal(recover(each.question), each.answer);
    assert.deepEqual(host.lastRecovery, each.question);
  }
  const told = "0x00000000000000000000000000000000000000ff";
  host.senders.remember(first.question, hexToBytes(told));
  assert.equal(recover(first.question), `0x01${"0".repeat(62)}ff`);
  assert.equal(recover(second.question), second.answer);
});
