/** The pool as the application of the PoS chain: the ABCI shape around `executeBlock`. */
import { type Decision, type Hex, type PosBlock, posBlockId } from "@sequorum/protocol";
import type {
  AbciApp,
  FinalizedBlock,
  ProposalContent,
  ProposalRequest,
  TransactionCheck,
  Verdict,
} from "../abci.ts";
import { applyTransaction } from "./apply-transaction.ts";
import { hashState } from "./canonical.ts";
import { type CanonicalView, certifiableBlocks, isHeldLocally } from "./certification.ts";
import {
  type Execution,
  executeBlock,
  nextDeadlineMs,
  selectTransactions,
} from "./execute-block.ts";
import { transactionBytesPerBlockMax, transactionsPerBlockMax } from "./limits.ts";
import type { PoolState } from "./state.ts";
import { validatorsOf } from "./terms.ts";

/** The application type of the pool. */
export type PoolApp = AbciApp<PoolState, Decision, CanonicalView>;

/** The application; it remembers the last execution, because a block is judged and then finalised. */
export function createPoolApp(): PoolApp {
  const execute = rememberLast(executePosBlock);
  return {
    prepareProposal,
    processProposal: (state, block, view) => processProposal(execute, { state, block, view }),
    finalizeBlock: (state, block) => finalize(block, execute(state, block)),
    checkTransaction,
    hasWork: (state, view) => certifiableBlocks(state, view).length > 0,
    nextDeadlineMs(state) {
      const due = nextDeadlineMs(state);
      return due === undefined ? undefined : BigInt(due);
    },
  };
}

type Execute = (state: PoolState, block: PosBlock) => Execution;

function prepareProposal(
  state: PoolState,
  request: ProposalRequest<CanonicalView>,
): ProposalContent {
  const hashes = certifiableBlocks(state, request.localView).map(({ hash }) => hash);
  const certified = { from: state.certified.height + 1n, hashes };
  const transactions = selectTransactions(state, {
    height: request.height,
    timeMs: Number(request.timestampMs),
    blockId: "0x",
    certified,
    transactions: withinBlock(request.mempool),
  });
  return { transactions, certified };
}

function processProposal(
  execute: Execute,
  {
    state,
    block,
    view,
  }: { readonly state: PoolState; readonly block: PosBlock; readonly view: CanonicalView },
): Verdict {
  const isWithinBlock = withinBlock(block.transactions).length === block.transactions.length;
  if (!isWithinBlock || !execute(state, block).isValid) return "reject";
  return isHeldLocally(state, block.certified.hashes, view) ? "accept" : "unknown";
}

function finalize(
  block: PosBlock,
  { state, decisions }: Execution,
): FinalizedBlock<PoolState, Decision> {
  const { height, timestampMs } = block.header;
  return {
    state,
    decisions: decisions.map((body, position) => ({
      ...body,
      posHeight: height,
      position,
      timeMs: Number(timestampMs),
    })),
    appHash: hashState(state),
    validators: validatorsOf(state.members),
  };
}

function checkTransaction(state: PoolState, transaction: Hex): TransactionCheck {
  const result = applyTransaction(state, transaction);
  return result.type === "rejected" ? result : { type: "ok" };
}

function executePosBlock(state: PoolState, block: PosBlock): Execution {
  const { header, certified, transactions } = block;
  return executeBlock(state, {
    height: header.height,
    timeMs: Number(header.timestampMs),
    blockId: posBlockId(state.network.domain, header),
    certified,
    transactions,
  });
}

function rememberLast(execute: Execute): Execute {
  let last:
    | { readonly state: PoolState; readonly blockId: Hex; readonly execution: Execution }
    | undefined;
  return (state, block) => {
    // The id commits to the whole block only when the body matches the header, which the engine has checked.
    const blockId = posBlockId(state.network.domain, block.header);
    if (last?.state === state && last.blockId === blockId) return last.execution;
    const execution = execute(state, block);
    last = { state, blockId, execution };
    return execution;
  };
}

/** The longest prefix that fits one block. */
function withinBlock(transactions: readonly Hex[]): readonly Hex[] {
  let bytes = 0;
  const fitting: Hex[] = [];
  for (const transaction of transactions.slice(0, transactionsPerBlockMax)) {
    bytes += transaction.length / 2 - 1;
    if (bytes > transactionBytesPerBlockMax) break;
    fitting.push(transaction);
  }
  return fitting;
}
