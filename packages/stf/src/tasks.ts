/** Tasks of the module's entries, as RLP. Layouts: packages/stf/README.md, "Questions and outputs". */
import { type Hex, type RlpItem, rlpEncode } from "@sequorum/protocol";
import { modeAll, modeBuild, modeVerify } from "../assembly/interface.ts";
import { encodeHeader } from "./block-codec.ts";
import { fixedBytes, fromHex, integerBytes, toInteger } from "./bytes.ts";
import type { ExecutionRules } from "./rules.ts";
import type {
  BlockHeader,
  BlockInputs,
  CallRequest,
  ForcedEntry,
  ParentBlock,
  StateOverride,
} from "./types.ts";

/** The rules, and the chain that transactions are signed for. */
export type TaskRules = ExecutionRules & { readonly chainId: bigint };

/** What happens with sequenced transactions. */
export type BlockMode = "all" | "build" | "verify";

const modes = { all: modeAll, build: modeBuild, verify: modeVerify };
const zeroAddress = new Uint8Array(20);
const empty = new Uint8Array(0);
/** The module counts gas in 63 bits. */
const gasMax = 2n ** 63n - 1n;

/** Bits of a call's flags. */
const traceFlag = 1;
const traceMemoryFlag = 2;
const accessFlag = 4;

/** Task of `block`, except for transactions and forced entries, which are asked for. */
export function blockTask(
  rules: TaskRules,
  parent: ParentBlock,
  options: {
    readonly inputs: Omit<BlockInputs, "transactions">;
    readonly mode: BlockMode;
    readonly trace?: { readonly index: number; readonly withMemory: boolean };
  },
): Uint8Array {
  const { inputs, mode, trace } = options;
  return rlpEncode([
    integerBytes(rules.chainId),
    fromHex(parent.hash),
    integerBytes(parent.originNumber),
    integer(modes[mode]),
    [], // transactions are asked for one by one, not taken from batch data
    integerBytes(inputs.timestamp),
    integerBytes(inputs.originNumber),
    fromHex(inputs.originHash),
    integerBytes(inputs.originTime),
    integerBytes(inputs.term),
    fromHex(inputs.coinbase),
    [
      integer(rules.originDriftSecondsMax),
      integer(rules.blockTransactionBytesMax),
      integer(rules.transactionBytesMax),
    ],
    integer(inputs.forcedEntries.length),
    trace === undefined ? [] : [integer(trace.index), integer(trace.withMemory ? 1 : 0)],
  ]);
}

/** An entry of the forced queue. */
export function encodeForcedEntry(entry: ForcedEntry): Uint8Array {
  const { position, l1BlockNumber, transaction } = entry;
  return rlpEncode([integerBytes(position), integerBytes(l1BlockNumber), transaction]);
}

/** Task of `call`. */
export function callTask(chainId: bigint, header: BlockHeader, request: CallRequest): Uint8Array {
  const gas = request.gas ?? header.gasLimit;
  return rlpEncode([
    integerBytes(chainId),
    encodeHeader(header),
    request.from === undefined ? zeroAddress : fromHex(request.from),
    request.to == null ? empty : fromHex(request.to),
    integerBytes(gas < gasMax ? gas : gasMax),
    integerBytes(request.gasPrice ?? 0n),
    integerBytes(request.valueWei ?? 0n),
    request.data ?? empty,
    (request.accessList ?? []).map(({ address, storageKeys }) => [
      fromHex(address),
      storageKeys.map((key) => wordOf(key)),
    ]),
    Object.entries(request.overrides ?? {}).map(([address, override]) =>
      overrideItem(address as Hex, override),
    ),
    integer(callFlags(request)),
  ]);
}

function callFlags({ trace, reportsAccess }: CallRequest): number {
  const traceFlags =
    trace === undefined ? 0 : traceFlag | (trace.withMemory === true ? traceMemoryFlag : 0);
  return traceFlags | (reportsAccess === true ? accessFlag : 0);
}

function overrideItem(address: Hex, override: StateOverride): RlpItem {
  const { balanceWei, nonce, code, storage } = override;
  return [
    fromHex(address),
    balanceWei === undefined ? [] : [integerBytes(balanceWei)],
    nonce === undefined ? [] : [integerBytes(nonce)],
    code === undefined ? [] : [code],
    Object.entries(storage ?? {}).map(([slot, value]) => [
      integerBytes(BigInt(slot)),
      integerBytes(BigInt(value)),
    ]),
  ];
}

/** Task of `transaction`. */
export function transactionTask(chainId: bigint, bytesMax: number): Uint8Array {
  return rlpEncode([integerBytes(chainId), integer(bytesMax), integer(0)]);
}

/** Task of `batch`; the data is asked for. */
export const batchTask = rlpEncode([]);

/** An account of genesis. */
export type GenesisAccount = {
  readonly address: Hex;
  readonly balanceWei: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
};

/** Task of `genesis`. */
export function genesisTask(accounts: readonly GenesisAccount[]): Uint8Array {
  return rlpEncode(
    accounts.map(({ address, balanceWei, nonce, code }) => [
      fromHex(address),
      integerBytes(balanceWei),
      integerBytes(nonce),
      code,
      [],
    ]),
  );
}

/** Task of `read`. */
export function readTask(
  stateRoot: Hex,
  address: Hex,
  { slots, withProof }: { readonly slots: readonly Hex[]; readonly withProof: boolean },
): Uint8Array {
  return rlpEncode([
    fromHex(stateRoot),
    fromHex(address),
    slots.map((slot) => integerBytes(BigInt(slot))),
    integer(withProof ? 1 : 0),
  ]);
}

function integer(value: number): Uint8Array {
  return integerBytes(BigInt(value));
}

/** 32 bytes of a hexadecimal number of any length. */
function wordOf(hex: Hex): Uint8Array {
  return fixedBytes(toInteger(fromHex(hex)), 32);
}
