/** Runs messages on the test entry of evm/, with precompiles of ethereumjs behind the host call. */
import { compileAssembly, type Compiled } from "./compile.ts";

export type Account = {
  readonly nonce?: bigint;
  readonly balance?: bigint;
  readonly code?: Uint8Array;
  readonly storage?: ReadonlyMap<bigint, bigint>;
};

export type World = ReadonlyMap<string, Account>;

export type Environment = {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly chainId: bigint;
  readonly coinbase: string;
  readonly prevRandao: Uint8Array;
  readonly baseFee: bigint;
  readonly origin: string;
  readonly gasPrice: bigint;
  /** Of the blocks below, newest first. */
  readonly blockHashes: readonly Uint8Array[];
};

export type MessageInput = {
  readonly kind: "call" | "staticCall" | "creation";
  readonly gas: bigint;
  readonly caller: string;
  /** Of a creation the address of what is created. */
  readonly recipient: string;
  readonly value: bigint;
  readonly input: Uint8Array;
  readonly warm: readonly string[];
};

export type Log = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
};

export type Outcome = {
  readonly halt: number;
  readonly gasLeft: bigint;
  readonly output: string;
  readonly refund: bigint;
  readonly logs: readonly Log[];
};

/** Number, gas, input; undefined: it fails. */
export type Precompile = (number: number, gas: bigint, input: Uint8Array) => Uint8Array | undefined;

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Behind each input are bytes that are not zero, so that reading too far is noticed. */
const guardBytes = 40;

/** One instance; a new run for each message. */
export class Machine {
  readonly module: Compiled;
  readonly emitted: { readonly kind: number; readonly content: Uint8Array }[];

  private constructor(module: Compiled, emitted: Machine["emitted"]) {
    this.module = module;
    this.emitted = emitted;
  }

  static async compile(precompile: Precompile): Promise<Machine> {
    const emitted: { kind: number; content: Uint8Array }[] = [];
    let answer = new Uint8Array();
    const entry = new URL("./evm-entry.ts", import.meta.url);
    const module = await compileAssembly(entry, (memoryOf) => {
      const bytes = (at: number, length: number) =>
        new Uint8Array(memoryOf().buffer, at >>> 0, length);
      return {
        preimage: (kind, key, keyLength) => {
          if (kind !== 5) throw new Error(`no preimage of kind ${kind}`);
          const asked = bytes(key, keyLength).slice();
          const gas = new DataView(asked.buffer).getBigUint64(1, true);
          const output = precompile(asked[0] ?? 0, gas, asked.subarray(9));
          answer = output === undefined ? Uint8Array.of(0) : Uint8Array.of(1, ...output);
          return answer.length;
        },
        takePreimage: (destination) => bytes(destination, answer.length).set(answer),
        emit: (kind, content, length) => {
          emitted.push({ kind, content: bytes(content, length).slice() });
        },
      };
    });
    return new Machine(module, emitted);
  }

  /** Starts a run with these accounts and this environment. */
  prepare(world: World, environment: Environment): void {
    const { module } = this;
    this.emitted.length = 0;
    module.call("reset");
    for (const [address, account] of world) {
      const code = account.code ?? new Uint8Array();
      const at = this.address(address);
      const balance = this.word(account.balance ?? 0n);
      module.call("account", at, account.nonce ?? 0n, balance, this.put(code), code.length);
      for (const [key, value] of account.storage ?? []) {
        module.call("slot", at, this.word(key), this.word(value));
      }
    }
    module.call("beginTransaction");
    const { number, timestamp, gasLimit, chainId } = environment;
    const coinbase = this.address(environment.coinbase);
    const prevRandao = this.put(environment.prevRandao);
    const baseFee = this.word(environment.baseFee);
    module.call(
      "setBlock",
      ...[number, timestamp, gasLimit, chainId, coinbase, prevRandao, baseFee],
    );
    const hashes = this.put(
      Uint8Array.from(environment.blockHashes.flatMap((hash) => [0xa0, ...hash])),
    );
    const hashesEnd = hashes + 33 * environment.blockHashes.length;
    module.call("setBlockHashes", hashes, hashesEnd, number - 1n);
    module.call(
      "setTransaction",
      this.address(environment.origin),
      this.word(environment.gasPrice),
    );
  }

  /** Runs a message after `prepare`. */
  run(message: MessageInput): Outcome {
    const { module } = this;
    for (const address of message.warm) module.call("warm", this.address(address));
    const kind = ["call", "staticCall", "creation"].indexOf(message.kind);
    const caller = this.address(message.caller);
    const recipient = this.address(message.recipient);
    const value = this.word(message.value);
    const input = this.put(message.input);
    const gasLeft = module.call64(
      "run",
      ...[kind, message.gas, caller, recipient, value, input, message.input.length],
    );
    return {
      halt: module.call("halt"),
      gasLeft,
      output: hex(module.bytes(module.call("output"), module.call("outputLength"))),
      refund: module.call64("refund"),
      logs: this.logs(),
    };
  }

  /** Ends the transaction and answers the root hash of the state. */
  root(): string {
    this.module.call("endTransaction");
    const out = this.module.call("room", 32);
    this.module.call("root", out);
    return hex(this.module.bytes(out, 32));
  }

  private logs(): Log[] {
    const logs: Log[] = [];
    let at = this.module.call("firstLog");
    while (at !== 0) {
      const record = this.module.bytes(at, 24).slice();
      const field = (index: number) => new DataView(record.buffer).getUint32(4 * index, true);
      const topics = Array.from({ length: field(2) }, (_, i) =>
        hex(this.module.bytes(field(3) + 32 * i, 32)),
      );
      const address = hex(this.module.bytes(field(1), 20));
      logs.push({ address, topics, data: hex(this.module.bytes(field(4), field(5))) });
      at = field(0);
    }
    return logs;
  }

  private put(bytes: Uint8Array): number {
    const at = this.module.call("room", bytes.length + guardBytes);
    this.module.bytes(at, bytes.length + guardBytes).fill(0xff);
    this.module.bytes(at, bytes.length).set(bytes);
    return at;
  }

  private address(address: string): number {
    return this.put(Buffer.from(address, "hex"));
  }

  private word(value: bigint): number {
    const bytes = Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
    return this.put(bytes);
  }
}
