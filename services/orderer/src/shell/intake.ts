/** Raw transactions on their way to the core: decoded, grouped, answered. One group is one commit. */
import type { Hex } from "@sequorum/protocol";
import type { AccountSummary, Executor, StateStore, Transaction } from "@sequorum/stf";
import type { Effect } from "../core/effect.ts";
import type { Input, SubmittedTransaction } from "../core/input.ts";
import type { PooledTransaction } from "../core/mempool.ts";
import type { State } from "../core/state.ts";
import type { PendingTransaction, SubmitResult, TransactionPool } from "../ports.ts";

/** Transactions that may wait for their group. */
const queuedMax = 16_384;
const groupMax = 512;

type Waiting = {
  readonly transaction: Transaction;
  readonly resolve: (result: SubmitResult) => void;
};

/** What the intake works with. */
export type IntakeOptions = {
  readonly executor: Executor;
  readonly states: StateStore;
  readonly state: () => State;
  readonly offer: (input: Input) => boolean;
  readonly nowMs: () => number;
  /** Told of each group before the core judges it. */
  readonly onGroup: (raws: readonly Uint8Array[]) => void;
  /** Time from the arrival of a transaction to its answer. */
  readonly onAnswered: (result: SubmitResult, ms: number) => void;
};

/** The pool as front ends see it, and the end at which the core's answers arrive. */
export type Intake = TransactionPool & {
  answer(effect: Extract<Effect, { type: "answer" }>): void;
  /** Refuses what comes from now on. */
  close(): void;
};

/** Makes the intake. */
export function createIntake(options: IntakeOptions): Intake {
  const queue: Waiting[] = [];
  const requests = new Map<number, Waiting>();
  let nextRequest = 0;
  let isBusy = false;
  let isClosed = false;
  const accounts = accountsAtHead(options);

  const finishGroup = () => {
    if (requests.size > 0 || !isBusy) return;
    isBusy = false;
    void flush();
  };

  async function flush(): Promise<void> {
    if (isBusy || queue.length === 0) return;
    isBusy = true;
    // what arrives in the same turn of the loop joins the group
    await new Promise((resolve) => setImmediate(resolve));
    const group = queue.splice(0, groupMax);
    options.onGroup(group.map(({ transaction }) => transaction.raw));
    const submitted: SubmittedTransaction[] = [];
    for (const waiting of group) {
      const account = await accounts(waiting.transaction.from);
      const request = nextRequest++;
      requests.set(request, waiting);
      submitted.push({ request, transaction: waiting.transaction, account });
    }
    if (options.offer({ type: "transactionsReceived", submitted, atMs: options.nowMs() })) return;
    for (const { request } of submitted) {
      requests.get(request)?.resolve({ type: "rejected", code: "OVERLOADED" });
      requests.delete(request);
    }
    finishGroup();
  }

  async function add(raw: Uint8Array): Promise<SubmitResult> {
    if (isClosed) return { type: "rejected", code: "NOT_READY" };
    const decoded = options.executor.decodeTransaction(raw);
    if (decoded.type === "rejected") {
      const code = decoded.code === "GAS_LEFT_TOO_LOW" ? "GAS_LIMIT_ABOVE_BLOCK" : decoded.code;
      return { type: "rejected", code };
    }
    if (queue.length >= queuedMax) return { type: "rejected", code: "OVERLOADED" };
    return new Promise((resolve) => {
      queue.push({ transaction: decoded.transaction, resolve });
      flush().catch((error: unknown) => {
        throw error; // reading state failed: the process stops, as for any failure of its store
      });
    });
  }

  return {
    async add(raw) {
      const startedAtMs = performance.now();
      const result = await add(raw);
      options.onAnswered(result, performance.now() - startedAtMs);
      return result;
    },
    answer({ request, answer }) {
      const waiting = requests.get(request);
      requests.delete(request);
      const { hash } = waiting?.transaction ?? {};
      if (hash !== undefined)
        waiting?.resolve(
          answer.type === "accepted" ? { type: "accepted", hash } : { ...answer, hash },
        );
      finishGroup();
    },
    close: () => {
      isClosed = true;
    },
    pendingNonce: async (sender) =>
      options.state().mempool.pendingNonce(sender, await accounts(sender)),
    get: (hash) => pending(options.state().mempool.get(hash)),
    list(max) {
      const { pending: executable, queued } = options.state().mempool.split();
      const shown = (all: readonly PooledTransaction[]) =>
        all.slice(0, max).map(({ transaction, receivedAtMs }) => ({ transaction, receivedAtMs }));
      return { pending: shown(executable), queued: shown(queued) };
    },
    counts() {
      const { pending: executable, queued } = options.state().mempool.split();
      return { pending: executable.length, queued: queued.length };
    },
  };
}

function pending(pooled: PooledTransaction | undefined): PendingTransaction | undefined {
  return pooled === undefined
    ? undefined
    : { transaction: pooled.transaction, receivedAtMs: pooled.receivedAtMs };
}

/** Accounts at the head, each read once for a head. */
function accountsAtHead({
  state,
  states,
  executor,
}: IntakeOptions): (address: Hex) => Promise<AccountSummary> {
  let head: Hex | undefined;
  let known = new Map<Hex, AccountSummary>();
  return async (address) => {
    if (head !== state().head) {
      head = state().head;
      known = new Map();
    }
    const cached = known.get(address);
    if (cached !== undefined) return cached;
    const at = known;
    const header = await states.header(head);
    if (header === undefined) return { nonce: 0n, balanceWei: 0n };
    const account = await executor.account(header.stateRoot, address);
    at.set(address, account);
    return account;
  };
}
