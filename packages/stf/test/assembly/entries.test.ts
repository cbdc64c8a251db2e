/** The entries beside `block`: call, read, replay, blocks from batch data, and traces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getMerkleStateProof } from "@ethereumjs/statemanager";
import { createAddressFromString } from "@ethereumjs/util";
import { encodeBatch, type Hex, hexToBytes } from "@sequorum/protocol";
import fc from "fast-check";
import * as codes from "../../assembly/interface.ts";
import type { CallRequest, CallResult, ParentBlock } from "../../src/types.ts";
import { oracleCommon } from "../oracle/common.ts";
import { createOracleEngine } from "../oracle/replay.ts";
import { openState } from "../oracle/state.ts";
import {
  addresses,
  coinbase,
  contracts,
  ether,
  inputs,
  machine,
  originHash,
  people,
  signedBy,
  words,
  world,
} from "./block-fixture.ts";
import {
  bytesOf,
  hexOf,
  integerOf,
  type Item,
  itemOf,
  outputsOf,
  type Tree,
} from "./block-host.ts";
import {
  blockTask,
  type Chain,
  chainId,
  faultName,
  headerRlp,
  mustExtend,
  openChain,
  receiptOf,
} from "./chain.ts";

const [sender = coinbase, other = coinbase] = addresses;

function callItem(parent: ParentBlock, request: CallRequest, flags = 4): Item {
  const overrides = Object.entries(request.overrides ?? {}).map(([address, override]) => [
    hexToBytes(address as Hex),
    override.balanceWei === undefined ? [] : [override.balanceWei],
    override.nonce === undefined ? [] : [override.nonce],
    override.code === undefined ? [] : [override.code],
    Object.entries(override.storage ?? {}).map(([slot, value]) => [BigInt(slot), BigInt(value)]),
  ]);
  return [
    chainId,
    headerRlp(parent.header),
    hexToBytes(request.from ?? `0x${"0".repeat(40)}`),
    request.to == null ? new Uint8Array(0) : hexToBytes(request.to),
    request.gas ?? parent.header.gasLimit,
    request.gasPrice ?? 0n,
    request.valueWei ?? 0n,
    request.data ?? new Uint8Array(0),
    (request.accessList ?? []).map(({ address, storageKeys }) => [
      hexToBytes(address),
      storageKeys.map(hexToBytes),
    ]),
    overrides,
    flags,
  ];
}

/** Runs a call with both; answers what the oracle said. */
async function compareCall(
  chain: Chain,
  parent: ParentBlock,
  request: CallRequest,
): Promise<CallResult> {
  const expected = await chain.oracle.call(parent.header, { ...request, reportsAccess: true });
  const result = machine.run("call", { task: callItem(parent, request) });
  const [fault] = outputsOf(result, codes.outputFault);
  if (fault !== undefined) {
    const reasons = { INTRINSIC_GAS_TOO_LOW: "intrinsic gas too low" } as Record<string, string>;
    const reason = reasons[faultName(integerOf(fault, 0))] ?? "insufficient funds for transfer";
    assert.equal(expected.type === "failed" && expected.reason, reason);
    return expected;
  }
  const [output] = outputsOf(result, codes.outputCallResult);
  const halt = Number(integerOf(output, 0));
  const type = halt === 0 ? "returned" : halt === codes.haltRevert ? "reverted" : "failed";
  assert.equal(type, expected.type);
  assert.equal(integerOf(output, 1), expected.gasUsed);
  if (expected.type !== "failed") assert.equal(hexOf(bytesOf(output, 2)), hexOf(expected.data));
  if (request.to != null) assert.deepEqual(accessedIn(result), sorted(expected.accessed ?? []));
  return expected;
}

type Accessed = NonNullable<CallResult["accessed"]>;

function accessedIn(result: ReturnType<typeof machine.run>): Accessed {
  const [list] = outputsOf(result, codes.outputAccessList);
  return sorted(
    (list as Tree[]).map((entry) => ({
      address: `0x${hexOf(bytesOf(entry, 0))}` as const,
      storageKeys: (itemOf(entry, 1) as Uint8Array[]).map((key): Hex => `0x${hexOf(key)}`),
    })),
  );
}

function sorted(list: Accessed): Accessed {
  return list
    .map(({ address, storageKeys }) => ({ address, storageKeys: [...storageKeys].sort() }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

const someWords = fc.oneof(
  fc.bigInt({ min: 0n, max: 3n }),
  fc.constantFrom(...addresses, ...Object.values(contracts)).map((address) => BigInt(address)),
);
const requests: fc.Arbitrary<CallRequest> = fc
  .record({
    from: fc.constantFrom(sender, other),
    to: fc.constantFrom(...Object.values(contracts), other, `0x${"0".repeat(39)}4` as const),
    gas: fc.constantFrom(20_999n, 21_000n, 30_000n, 60_000n, 200_000n),
    valueWei: fc.constantFrom(0n, 1n, 10n ** 22n),
    gasPrice: fc.constantFrom(0n, 1n, 10n ** 17n),
    first: someWords,
    second: someWords,
  })
  .map(({ first, second, ...rest }) => ({ ...rest, data: words(first, second) }));

test("calls end as the oracle's, with the same gas, output and access list", async () => {
  const chain = await openChain(machine, world);
  const child = await mustExtend(chain, chain.genesis, inputs());
  const types = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      // a gas price changes balances here, as in a transaction, and not in the oracle's call
      const isVisible = request.to === contracts.observer || request.to === contracts.forwarder;
      const gasPrice = isVisible ? 0n : (request.gasPrice ?? 0n);
      types.add((await compareCall(chain, child, { ...request, gasPrice })).type);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual([...types].sort(), ["failed", "returned", "reverted"]);
});

test("a creation by a call answers the code, and too long init code fails", async () => {
  const chain = await openChain(machine, world);
  const from = sender;
  const init = hexToBytes("0x60ff60005360016000f3");
  const made = await compareCall(chain, chain.genesis, { from, to: null, data: init });
  assert.ok(made.type === "returned" && hexOf(made.data) === "ff");
  await compareCall(chain, chain.genesis, { from, data: hexToBytes("0x60006000fd") });
  const data = new Uint8Array(49_153);
  const request = { from, data, gas: 5_000_000n };
  const result = machine.run("call", { task: callItem(chain.genesis, request) });
  const [output] = outputsOf(result, codes.outputCallResult);
  assert.equal(Number(integerOf(output, 0)), codes.haltInitcodeTooLarge);
  assert.equal(integerOf(output, 1), 5_000_000n);
});

test("a call assumes what it is told of balances, nonces, codes and slots", async () => {
  const chain = await openChain(machine, world);
  const { genesis } = chain;
  const slot: Hex = `0x${"0".repeat(64)}`;
  const value: Hex = `0x${"0".repeat(62)}2a`;
  const reading = hexToBytes("0x60005460005260206000f3"); // returns slot 0
  const to: Hex = `0x${"77".repeat(20)}`;
  const seen = await compareCall(chain, genesis, {
    to,
    overrides: { [to]: { code: reading, storage: { [slot]: value } } },
  });
  assert.equal(seen.type === "returned" && BigInt(`0x${hexOf(seen.data)}`), 42n);
  const poor: Hex = `0x${"66".repeat(20)}`;
  const paying = { from: poor, to: other, valueWei: ether };
  assert.equal((await compareCall(chain, genesis, paying)).type, "failed");
  const rich = { ...paying, overrides: { [poor]: { balanceWei: ether } } };
  assert.equal((await compareCall(chain, genesis, rich)).type, "returned");
  const create = { from: poor, data: hexToBytes("0x3060005260206000f3") }; // returns its address
  const first = await compareCall(chain, genesis, create);
  const later = await compareCall(chain, genesis, {
    ...create,
    overrides: { [poor]: { nonce: 7n } },
  });
  assert.notDeepEqual(first, later);
});

test("a call pays for its access list and finds it warm", async () => {
  const chain = await openChain(machine, world);
  const accessList = [
    { address: contracts.storer, storageKeys: [`0x${"0".repeat(63)}1` as const] },
  ];
  const request = { from: sender, to: contracts.storer, data: words(1n, 5n) };
  const task = (item: CallRequest) => callItem(chain.genesis, item, 0);
  const gasOf = (item: CallRequest) =>
    integerOf(outputsOf(machine.run("call", { task: task(item) }), codes.outputCallResult)[0], 1);
  const expected = await chain.oracle.call(chain.genesis.header, { ...request, accessList });
  assert.equal(gasOf({ ...request, accessList }), expected.gasUsed);
  assert.notEqual(gasOf(request), expected.gasUsed);
  const result = machine.run("call", { task: task(request) });
  assert.deepEqual(outputsOf(result, codes.outputAccessList), []);
});

test("an account, its slots and their proofs are those of an Ethereum library", async () => {
  const chain = await openChain(machine, world);
  const root = chain.genesis.header.stateRoot;
  const state = await openState(chain.oracle.store, root, oracleCommon(chainId));
  const cases: [Hex, bigint[]][] = [
    [contracts.storer, [0n, 1n, 2n, 3n]],
    [sender, [1n]],
    [`0x${"99".repeat(20)}`, [5n]],
  ];
  for (const [address, slots] of cases) {
    const keys = slots.map((slot) => words(slot));
    const proof = await getMerkleStateProof(state, createAddressFromString(address), keys);
    const task = (withProof: number) => [hexToBytes(root), hexToBytes(address), slots, withProof];
    const result = machine.run("read", { task: task(1) });
    const groups: string[][] = [];
    for (const { kind, content } of result.outputs) {
      if (kind === codes.outputProofNode) groups.at(-1)?.push(`0x${hexOf(content as Uint8Array)}`);
      else groups.push([]);
    }
    // of an account that is not there the library says nothing of slots
    const storage = slots.map((_, i) => proof.storageProof[i] ?? { value: "0x0", proof: [] });
    const proofs = [proof.accountProof, ...storage.map((slot) => slot.proof)];
    // the library gives nodes inside their parents again
    const whole = proofs.map((nodes) => nodes.filter((node, i) => i === 0 || node.length >= 66));
    assert.deepEqual(groups, whole);
    const [account] = outputsOf(result, codes.outputAccount);
    const exists = (await state.getAccount(createAddressFromString(address))) !== undefined;
    assert.equal(integerOf(account, 0), exists ? 1n : 0n);
    assert.equal(integerOf(account, 1), BigInt(proof.nonce));
    assert.equal(integerOf(account, 2), BigInt(proof.balance));
    assert.equal(`0x${hexOf(bytesOf(account, 4))}`, proof.codeHash);
    if (exists) assert.equal(`0x${hexOf(bytesOf(account, 3))}`, proof.storageHash);
    const read = outputsOf(result, codes.outputSlot).map((slot) => [
      integerOf(slot, 0),
      integerOf(slot, 1),
    ]);
    assert.deepEqual(
      read,
      storage.map((slot, i) => [slots[i], BigInt(slot.value)]),
    );
    const plain = machine.run("read", { task: task(0) });
    assert.deepEqual(outputsOf(plain, codes.outputProofNode), []);
  }
});

test("a block from batch data is the block of its inputs", async () => {
  const chain = await openChain(machine, people);
  const { genesis } = chain;
  const first = inputs({ transactions: [signedBy(0), signedBy(1)] });
  const second = inputs({
    timestamp: 1_101n,
    term: 2n,
    transactions: [signedBy(0, { nonce: 1n })],
  });
  const batchData = encodeBatch(
    [first, second].map(({ timestamp, originNumber, term, transactions }) => ({
      timestamp,
      l1OriginNumber: originNumber,
      term,
      coinbase,
      transactions,
    })),
  );
  const parents = [genesis, await mustExtend(chain, genesis, first)] as const;
  const expected = await mustExtend(chain, parents[1], second);
  const nothing = {
    timestamp: 0n,
    originNumber: 0n,
    term: 0n,
    coinbase: `0x${"0".repeat(40)}` as const,
  };
  for (const [index, parent] of parents.entries()) {
    const given = { ...inputs(), ...nothing, transactions: [] };
    const task = blockTask(chain, parent, given, { mode: codes.modeAll, batch: [index] });
    const result = machine.run("block", { task, batchData });
    const [header] = outputsOf(result, codes.outputHeader) as Uint8Array[];
    const child = index === 0 ? parents[1] : expected;
    assert.equal(hexOf(header?.subarray(0, 32) ?? new Uint8Array(0)), child.hash.slice(2));
  }
  const refusals: [number, Uint8Array, number][] = [
    [2, batchData, codes.faultBlockNotInBatch],
    [0, Uint8Array.of(7), codes.faultStreamMalformed],
  ];
  for (const [index, data, fault] of refusals) {
    const task = blockTask(chain, genesis, inputs(), { mode: codes.modeAll, batch: [index] });
    const result = machine.run("block", { task, batchData: data });
    assert.equal(result.exit, codes.exitNotIncludable);
    assert.deepEqual(outputsOf(result, codes.outputFault), [[Uint8Array.of(fault)]]);
  }
});

test("a block traces the one transaction that it is asked for, and comes out the same", async () => {
  const chain = await openChain(machine, world);
  const to = hexToBytes(contracts.storer);
  const transactions = [0n, 1n].map((nonce) =>
    signedBy(0, { nonce, to, data: words(nonce + 5n, 1n), gasLimit: 100_000n }),
  );
  const given = inputs({ transactions });
  const child = await mustExtend(chain, chain.genesis, given);
  for (const [trace, isTraced] of [
    [[1, 0], true],
    [[1, 1], true],
    [[2, 0], false],
    [[], false],
  ] as const) {
    const task = blockTask(chain, chain.genesis, given, { mode: codes.modeAll, trace });
    const result = machine.run("block", { task, transactions });
    const [header] = outputsOf(result, codes.outputHeader) as Uint8Array[];
    assert.equal(hexOf(header?.subarray(0, 32) ?? new Uint8Array(0)), child.hash.slice(2));
    const steps = outputsOf(result, codes.outputTraceStep);
    assert.equal(steps.length, isTraced ? 6 : 0);
    if (isTraced) assert.deepEqual(itemOf(steps[4], 6), [Uint8Array.of(1), Uint8Array.of(6)]);
  }
});

test("a plain block with withdrawals is the oracle's", async () => {
  const oracle = createOracleEngine();
  const stateRoot = await oracle.genesis(world);
  await openChain(machine, world);
  const withdrawals = [
    { index: 0n, validator: 5n, address: other, amountGwei: 10n },
    {
      index: 1n,
      validator: 5n,
      address: `0x${"31".repeat(20)}` as const,
      amountGwei: 2n ** 64n - 1n,
    },
    { index: 2n, validator: 300n, address: `0x${"32".repeat(20)}` as const, amountGwei: 0n },
    { index: 3n, validator: 0n, address: other, amountGwei: 0n },
  ];
  const transactions = [
    signedBy(0, { type: 0, chainId: 0n, nonce: 0n }),
    signedBy(0, {
      nonce: 1n,
      to: hexToBytes(contracts.hasher),
      data: words(40n),
      gasLimit: 90_000n,
    }),
    signedBy(0, {
      nonce: 2n,
      to: hexToBytes(contracts.hasher),
      data: words(39n),
      gasLimit: 90_000n,
    }),
  ];
  const ancestors = [originHash, `0x${"b3".repeat(32)}` as const];
  const environment = {
    parentHash: originHash,
    number: 42n,
    timestamp: 5_000n,
    gasLimit: 2n ** 63n - 1n,
    coinbase,
    prevRandao: originHash,
    baseFeePerGas: 7n,
    originHash,
    extraData: "0x00ff" as const,
  };
  for (const count of [0, 1, 4]) {
    const task = {
      chainId,
      stateRoot,
      environment,
      ancestors,
      withdrawals: withdrawals.slice(0, count),
      transactions,
      isUnprotectedAllowed: true,
      isBuilding: false,
    };
    const expected = await oracle.replay(task);
    assert.ok(expected.type === "executed");
    const result = machine.run("replay", { task: replayItem(task), transactions });
    assert.equal(result.exit, codes.exitDone);
    assert.deepEqual(outputsOf(result, codes.outputReceipt).map(receiptOf), expected.receipts);
    const [header] = outputsOf(result, codes.outputHeader) as Uint8Array[];
    assert.equal(`0x${hexOf(header?.subarray(0, 32) ?? new Uint8Array(0))}`, expected.hash);
    const [root] = outputsOf(result, codes.outputStateRoot) as Uint8Array[];
    assert.equal(`0x${hexOf(root ?? new Uint8Array(0))}`, expected.stateRoot);
  }
});

type ReplayTask = Parameters<ReturnType<typeof createOracleEngine>["replay"]>[0];

function replayItem({ environment, withdrawals, ...task }: ReplayTask): Item {
  return [
    task.chainId,
    hexToBytes(task.stateRoot),
    [
      hexToBytes(environment.parentHash),
      environment.number,
      environment.timestamp,
      environment.gasLimit,
      hexToBytes(environment.coinbase),
      hexToBytes(environment.prevRandao),
      environment.baseFeePerGas,
      hexToBytes(environment.originHash),
      hexToBytes(environment.extraData),
    ],
    task.ancestors.map(hexToBytes),
    withdrawals.map((withdrawal) => [
      withdrawal.index,
      withdrawal.validator,
      hexToBytes(withdrawal.address),
      withdrawal.amountGwei,
    ]),
    task.isUnprotectedAllowed ? 1 : 0,
    task.isBuilding ? codes.modeBuild : codes.modeAll,
  ];
}
