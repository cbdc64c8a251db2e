/** The entries beside `block`: read, replay, blocks from batch data, and traces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getMerkleStateProof } from "@ethereumjs/statemanager";
import { createAddressFromString, generateAddress } from "@ethereumjs/util";
import { encodeBatch, type Hex, hexToBytes } from "@sequorum/protocol";
import * as codes from "../../assembly/interface.ts";
import { oracleCommon } from "../oracle/common.ts";
import { createOracleEngine } from "../oracle/replay.ts";
import { openState } from "../oracle/state.ts";
import {
  addresses,
  coinbase,
  contracts,
  inputs,
  machine,
  originHash,
  people,
  signedBy,
  words,
  world,
} from "./block-fixture.ts";
import { bytesOf, hexOf, integerOf, type Item, itemOf, outputsOf } from "./block-host.ts";
import { blockTask, chainId, mustExtend, openChain, receiptOf } from "./chain.ts";

const [sender = coinbase, other = coinbase] = addresses;

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
  const plain = { index: 0n, validator: 5n, address: other, amountGwei: 10n };
  const withdrawals: (typeof plain)[] = [
    plain,
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
  // a contract that destroys itself at once, and gets a withdrawal afterwards
  const shortLived = generateAddress(hexToBytes(sender), Uint8Array.of(3));
  const fleeting = { to: new Uint8Array(0), data: hexToBytes("0x33ff"), gasLimit: 90_000n };
  transactions.push(signedBy(0, { ...fleeting, nonce: 3n }));
  withdrawals.push({ ...plain, address: `0x${hexOf(shortLived)}` });
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
  for (const count of [0, 1, 4, 5]) {
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
