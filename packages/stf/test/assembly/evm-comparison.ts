/** Runs a case here and on the oracle; all that can be seen has to be equal. */
import assert from "node:assert/strict";
import { generateAddress } from "@ethereumjs/util";
import { haltOutOfGas } from "../../assembly/interface.ts";
import { runPrecompile } from "../../src/precompiles/precompiles.ts";
import { type Environment, hex, Machine, type MessageInput, type World } from "./evm-harness.ts";
import { runOnOracle } from "./evm-oracle.ts";

export const machine = await Machine.compile((number, _gas, input) => runPrecompile(number, input));

export const sender = "5e".repeat(20);
export const senderNonce = 5;
export const contract = "c0".repeat(20);
export const other = "07".repeat(20);
const precompiles = Array.from({ length: 10 }, (_, i) => (i + 1).toString(16).padStart(40, "0"));
export const environment: Environment = {
  number: 300n,
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  chainId: 1n,
  coinbase: "cb".repeat(20),
  prevRandao: Uint8Array.from({ length: 32 }, (_, i) => i + 1),
  baseFee: 2n ** 70n + 7n,
  origin: sender,
  gasPrice: 2n ** 71n + 5n,
  blockHashes: Array.from({ length: 300 }, (_, i) => new Uint8Array(32).fill(i & 0xff)),
};

export type Case = Partial<MessageInput> & {
  readonly code: Uint8Array;
  readonly accounts?: World;
  readonly storage?: ReadonlyMap<bigint, bigint>;
};

/** Runs the code of `contract`, or creates with it. */
export async function compare(name: string, { code, accounts, storage, ...changes }: Case) {
  const isCreation = changes.kind === "creation";
  const world: World = new Map([
    [sender, { balance: 10n ** 18n, nonce: BigInt(senderNonce) }],
    ...(isCreation
      ? []
      : [
          [
            contract,
            { code, balance: 1_000n, nonce: 1n, ...(storage ? { storage } : {}) },
          ] as const,
        ]),
    ...(accounts ?? []),
  ]);
  const created = hex(generateAddress(Buffer.from(sender, "hex"), Uint8Array.of(senderNonce)));
  const recipient = isCreation ? created : contract;
  const message: MessageInput = {
    kind: "call",
    gas: 1_000_000n,
    caller: sender,
    recipient,
    value: 0n,
    input: isCreation ? code : new Uint8Array(),
    warm: [sender, recipient, ...precompiles],
    ...changes,
  };
  machine.prepare(world, environment);
  const outcome = machine.run(message);
  const root = machine.root();
  const { halt, refund } = outcome;
  // the refund of what failed is nobody's
  const mine = { ...outcome, halt: Math.min(halt, haltOutOfGas), refund: halt ? 0n : refund, root };
  const expected = await runOnOracle(world, environment, message);
  assert.deepEqual(mine, expected, `${name}: ${hex(code)}`);
  return outcome;
}

/** Compares with much gas, with as much as that took, with one less, and with some amounts below. */
export async function compareAtLimits(name: string, given: Case): Promise<void> {
  const gas = 3_000_000n;
  const { gasLeft } = await compare(name, { ...given, gas });
  const used = gas - gasLeft;
  const limits = [used, used - 1n, (used * 63n) / 64n, (used * 2n) / 3n, used / 2n];
  for (const limit of limits) {
    if (limit > 0n && limit !== gas)
      await compare(`${name}, ${limit} gas`, { ...given, gas: limit });
  }
}
