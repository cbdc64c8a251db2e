/**
 * Raw transactions on their way to the core: senders recovered on other threads, decoded, grouped, answered. They stay in
 * the order in which they came; one group is one commit.
 */
import { type RecoveredSender, rememberSenders } from "@sequorum/execution";
import { assert, concatBytes, type Hex } from "@sequorum/protocol";
import type { AccountSummary, Transaction, TransactionFault } from "@sequorum/stf";
import type { Effect } from "../core/effect.ts";
import type { Input, SubmittedTransaction } from "../core/input.ts";
import type { PooledTransaction } from "../core/mempool.ts";
import type { State } from "../core/state.ts";
import type { PendingTransaction, RejectionCode, SubmitResult, TransactionPool } from "../ports.ts";
import type { Execution } from "./execution.ts";

/** Transactions that may wait for their group. */
const queuedMax = 16_384;
const groupMax = 512;

/** A transaction whose sender is being recovered, or that waits for one that came before it. */
type Arrival = {
  readonly raw: Uint8Array;
  readonly resolve: (result: SubmitResult) => void;
  recovered: RecoveredSender | undefined;
};

type Waiting = {
  readonly transaction: Transaction;
  readonly recovery: Uint8Array;
  readonly resolve: (result: SubmitResult) => void;
};

/** What the intake works with. */
export type IntakeOptions = {
  readonly execution: Pick<Execution, "state" | "senders" | "remember">;
  readonly state: () => State;
  readonly offer: (input: Input) => boolean;
  readonly nowMs: () => number;
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
  const { senders, state: access } = options.execution;
  const arrivals: Arrival[] = [];
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
    options.execution.remember(concatBytes(...group.map(({ recovery }) => recovery)));
    // all at once: what is not in memory is read with one query for each level of the trie
    const states = await Promise.all(group.map(({ transaction }) => accounts(transaction.from)));
    const submitted = group.flatMap((waiting, i): SubmittedTransaction[] => {
      const account = states[i];
      assert(account !== undefined, "an account is read for each transaction");
      const request = nextRequest++;
      requests.set(request, waiting);
      return [{ request, transaction: waiting.transaction, account }];
    });
    if (options.offer({ type: "transactionsReceived", submitted, atMs: options.nowMs() })) return;
    for (const { request } of submitted) {
      requests.get(request)?.resolve({ type: "rejected", code: "OVERLOADED" });
      requests.delete(request);
    }
    finishGroup();
  }

  async function add(raw: Uint8Array): Promise<SubmitResult> {
    if (isClosed) return { type: "rejected", code: "NOT_READY" };
    const isFull = arrivals.length + queue.length >= queuedMax;
    const recovering = isFull ? undefined : senders.recover(raw);
    if (recovering === undefined) return { type: "rejected", code: "OVERLOADED" };
    return new Promise((resolve, reject) => {
      const arrival: Arrival = { raw, resolve, recovered: undefined };
      arrivals.push(arrival);
      recovering.then((recovered) => {
        arrival.recovered = recovered;
        admit();
      }, reject);
    });
  }

  /** Takes those whose turn it is: first come, first served, whichever thread was faster. */
  function admit(): void {
    for (let first = arrivals[0]; first?.recovered !== undefined; first = arrivals[0]) {
      arrivals.shift();
      const { raw, recovered, resolve } = first;
      if (recovered.type === "rejected") {
        resolve({ type: "rejected", code: codeOf(recovered.code) });
        continue;
      }
      rememberSenders(access.executor, recovered.recovery);
      const decoded = access.executor.decodeTransaction(raw);
      assert(decoded.type === "decoded", "what one thread decoded another one decodes");
      queue.push({ transaction: decoded.transaction, recovery: recovered.recovery, resolve });
    }
    flush().catch((error: unknown) => {
      throw error; // reading state failed: the process stops, as for any failure of its store
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
  execution,
}: IntakeOptions): (address: Hex) => Promise<AccountSummary> {
  let head: Hex | undefined;
  let known = new Map<Hex, Promise<AccountSummary>>();
  const read = async (at: Hex, address: Hex): Promise<AccountSummary> => {
    const header = await execution.state.header(at);
    if (header === undefined) return { nonce: 0n, balanceWei: 0n };
    return execution.state.read((executor) => executor.account(header.stateRoot, address));
  };
  return (address) => {
    if (head !== state().head) {
      head = state().head;
      known = new Map();
    }
    const account = known.get(address) ?? read(head, address);
    known.set(address, account);
    return account;
  };
}

function codeOf(fault: TransactionFault): RejectionCode {
  return fault === "GAS_LEFT_TOO_LOW" ? "GAS_LIMIT_ABOVE_BLOCK" : fault;
}
