/** The entry `call`, against the oracle. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Hex, hexToBytes } from "@sequorum/protocol";
import fc from "fast-check";
import * as codes from "../../assembly/interface.ts";
import type { CallRequest, CallResult, ParentBlock } from "../../src/types.ts";
import {
  addresses,
  coinbase,
  contracts,
  ether,
  inputs,
  machine,
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
import { type Chain, chainId, faultName, headerRlp, mustExtend, openChain } from "./chain.ts";

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

test("a call may offer all the gas that there is", async () => {
  const chain = await openChain(machine, world);
  const request = { from: sender, to: contracts.storer, data: words(9n, 9n) };
  for (const gas of [2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const result = machine.run("call", { task: callItem(chain.genesis, { ...request, gas }) });
    const [output] = outputsOf(result, codes.outputCallResult);
    assert.equal(integerOf(output, 0), 0n);
    assert.ok(integerOf(output, 1) < 60_000n);
  }
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

test("the access list names also what a reverted frame touched", async () => {
  const chain = await openChain(machine, world);
  const to: Hex = `0x${"71".repeat(20)}`;
  const callee: Hex = `0x${"72".repeat(20)}`;
  const touched: Hex = `0x${"73".repeat(20)}`;
  // BALANCE of `touched`, SLOAD of slot 5, REVERT
  const reverting = hexToBytes(`0x73${touched.slice(2)}31506005545060006000fd`);
  const calling = hexToBytes(`0x6000600060006000600073${callee.slice(2)}5af15000`);
  const overrides = { [to]: { code: calling }, [callee]: { code: reverting } };
  const result = await compareCall(chain, chain.genesis, { from: sender, to, overrides });
  const listed = (result.accessed ?? []).map(({ address }) => address);
  assert.deepEqual([...listed].sort(), [callee, touched]);
  const outer = { ...overrides, [to]: { code: reverting } };
  await compareCall(chain, chain.genesis, { from: sender, to, overrides: outer });
});
