/** The same messages on ethereumjs, and an assembler with its names of instructions. */
import { createBlock } from "@ethereumjs/block";
import { createEVM, type EVM, type EVMResult } from "@ethereumjs/evm";
import { MerkleStateManager } from "@ethereumjs/statemanager";
import { Account, createAddressFromString } from "@ethereumjs/util";
import { haltOutOfGas, haltRevert } from "../../assembly/interface.ts";
import { oracleCommon } from "../oracle/common.ts";
import {
  type Environment,
  hex,
  type MessageInput,
  type Outcome,
  type World,
} from "./evm-harness.ts";

const common = oracleCommon(1n);
const addressOf = (address: string) => createAddressFromString(`0x${address}`);

/**
 * What ethereumjs makes of a message, and the root hash of the state after it. Whatever makes the message fail is called
 * out of gas: where two reasons apply, each implementation sees another one first.
 */
export async function runOnOracle(
  world: World,
  environment: Environment,
  message: MessageInput,
): Promise<Outcome & { readonly root: string }> {
  const stateManager = new MerkleStateManager({ common });
  await fill(stateManager, world);
  const evm = await createEVM({ common, stateManager, blockchain: chainOf(environment) });
  for (const address of message.warm) evm.journal.addWarmedAddress(addressOf(address).bytes);
  const result = await evm.runCall({
    caller: addressOf(message.caller),
    ...(message.kind === "creation" ? {} : { to: addressOf(message.recipient) }),
    isStatic: message.kind === "staticCall",
    value: message.value,
    gasLimit: message.gas,
    data: message.input,
    gasPrice: environment.gasPrice,
    origin: addressOf(environment.origin),
    block: blockOf(environment),
  });
  const { createdAddresses, selfdestruct } = result.execResult;
  for (const destroyed of selfdestruct?.keys() ?? []) {
    if (createdAddresses?.has(destroyed)) {
      await evm.journal.deleteAccount(createAddressFromString(destroyed));
    }
  }
  await evm.journal.cleanup();
  await stateManager.flush();
  return { ...outcomeOf(message, result), root: hex(await stateManager.getStateRoot()) };
}

function outcomeOf(message: MessageInput, { execResult, createdAddress }: EVMResult): Outcome {
  const { exceptionError, executionGasUsed, gasRefund, logs, returnValue } = execResult;
  const gasLeft = message.gas - executionGasUsed;
  if (exceptionError !== undefined) {
    // ethereumjs calls it a revert when a precompile fails
    const isPrecompile = BigInt(`0x${message.recipient}`) <= 10n;
    const isRevert = exceptionError.error === "revert" && !isPrecompile;
    const halt = isRevert ? haltRevert : haltOutOfGas;
    return { halt, gasLeft, output: hex(returnValue), refund: 0n, logs: [] };
  }
  return {
    halt: 0,
    gasLeft,
    output: hex(createdAddress?.bytes ?? returnValue),
    refund: gasRefund ?? 0n,
    logs: (logs ?? []).map(([address, topics, data]) => ({
      address: hex(address),
      topics: topics.map(hex),
      data: hex(data),
    })),
  };
}

async function fill(stateManager: MerkleStateManager, world: World): Promise<void> {
  for (const [name, { nonce, balance, code, storage }] of world) {
    const address = addressOf(name);
    await stateManager.putAccount(address, new Account(nonce ?? 0n, balance ?? 0n));
    if (code !== undefined) await stateManager.putCode(address, code);
    for (const [key, value] of storage ?? []) {
      await stateManager.putStorage(address, word(key), trimmed(word(value)));
    }
  }
  await stateManager.flush();
  stateManager.originalStorageCache.clear();
}

function chainOf({ number, blockHashes }: Environment) {
  const chain = {
    getBlock: async (asked: number) => {
      const hash = blockHashes[Number(number) - 1 - asked];
      if (hash === undefined) throw new Error(`no block ${asked}`);
      return { hash: () => hash };
    },
    putBlock: async () => {},
    shallowCopy: () => chain,
  };
  return chain;
}

function blockOf(environment: Environment) {
  const { number, timestamp, gasLimit, prevRandao, baseFee } = environment;
  const header = {
    number,
    timestamp,
    gasLimit,
    baseFeePerGas: baseFee,
    mixHash: prevRandao,
    coinbase: addressOf(environment.coinbase),
    parentBeaconBlockRoot: new Uint8Array(32),
  };
  return createBlock({ header }, { common, skipConsensusFormatValidation: true });
}

const word = (value: bigint) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
const trimmed = (bytes: Uint8Array) => bytes.subarray(bytes.findIndex((byte) => byte !== 0));

const evmForNames: EVM = await createEVM({ common });
const opcodes = new Map(
  [...evmForNames.getActiveOpcodes().values()].map(({ fullName, code }) => [fullName, code]),
);

/** Byte codes of a program: names of instructions, 0x… and decimal numbers as the shortest PUSH, `xNN` as a byte. */
export function assemble(...parts: readonly (string | number | bigint | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap(assemblePart));
}

function assemblePart(part: string | number | bigint | Uint8Array): number[] {
  if (part instanceof Uint8Array) return [...part];
  if (typeof part !== "string") return push(BigInt(part));
  return part
    .split(/\s+/)
    .filter((name) => name !== "")
    .flatMap((name) => {
      if (/^x[0-9a-f]{2}$/.test(name)) return [Number.parseInt(name.slice(1), 16)];
      if (/^\d/.test(name)) return push(BigInt(name));
      const code = opcodes.get(name);
      if (code === undefined) throw new Error(`no instruction ${name}`);
      return [code];
    });
}

function push(value: bigint): number[] {
  if (value === 0n) return [0x5f];
  const digits = BigInt.asUintN(256, value).toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  return [0x5f + bytes.length, ...bytes];
}
