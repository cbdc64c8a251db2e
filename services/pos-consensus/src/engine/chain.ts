/** The chain's tip with the application state on it: builds, judges and commits blocks. */
import {
  buildPosBlock,
  type CommitCertificate,
  type Hex,
  hashValidators,
  type PosBlock,
  posBlockId,
  type SigningDomain,
  zeroHash,
} from "@sequorum/protocol";
import { FatalError } from "@sequorum/service";
import type { AbciApp } from "../core/abci.ts";
import {
  type ChainTip,
  type FindCertificateFault,
  findBlockFault,
} from "../core/tendermint/block-validity.ts";
import type { BlockVerdict, HeightStart } from "../core/tendermint/input.ts";
import { initialPriorities, nextPriorities } from "../core/tendermint/proposer-selection.ts";
import type { ChainStore, StoredBlock } from "./chain-store.ts";
import type { Decided, EngineOptions, Genesis } from "./engine-options.ts";

/** The end of the chain; everything about one height at a time. */
export type Chain<AppState, Decision, LocalView> = {
  readonly tip: () => ChainTip;
  readonly start: () => HeightStart;
  readonly appState: () => AppState;
  readonly build: (content: {
    readonly proposer: Hex;
    readonly nowMs: bigint;
    readonly mempool: readonly Hex[];
    readonly localView: LocalView;
  }) => { readonly block: PosBlock; readonly blockId: Hex };
  readonly judge: (block: PosBlock, localView: LocalView) => BlockVerdict;
  /** Executes and stores; throws `FatalError` when a decided block does not follow this chain. */
  readonly commit: (
    block: PosBlock,
    certificate: CommitCertificate,
  ) => Promise<{ readonly decided: Decided<AppState, Decision>; readonly next: HeightStart }>;
};

/** Loads the chain from its store, or begins with genesis. */
export async function loadChain<AppState, Decision, LocalView>(
  options: Pick<
    EngineOptions<AppState, Decision, LocalView>,
    "app" | "genesis" | "domain" | "loadApp" | "persistApp"
  >,
  store: ChainStore,
  certificateFault: FindCertificateFault,
): Promise<Chain<AppState, Decision, LocalView>> {
  const { app, genesis, domain } = options;
  let last = await store.readLast();
  let state = last === undefined ? genesis.state : await options.loadApp(last.block.header.height);
  let lastValidators = await validatorsBefore(store, last, genesis);

  const start = (): HeightStart => last?.next ?? genesisStart(genesis);
  const tip = (): ChainTip => ({
    height: start().height,
    parentId: last?.blockId ?? zeroHash,
    parentTimestampMs: last?.block.header.timestampMs ?? genesis.timeMs,
    appHash: last?.appHash ?? genesis.appHash,
    validators: start().validators,
    lastValidators,
  });
  const commit = async (block: PosBlock, certificate: CommitCertificate) => {
    const fault = findBlockFault(block, tip(), certificateFault);
    const { height } = block.header;
    if (fault !== undefined)
      throw new FatalError(`decided block ${height} does not follow the chain: ${fault}`);
    const finalized = app.finalizeBlock(state, block, certificate);
    const { validators, appHash } = finalized;
    const priorities = nextPriorities(start(), validators);
    const next: HeightStart = { height: height + 1n, validators, priorities };
    const blockId = posBlockId(domain, block.header);
    const decided = {
      height,
      blockId,
      block,
      certificate,
      state: finalized.state,
      decisions: finalized.decisions,
    };
    const stored: StoredBlock = { blockId, block, certificate, appHash, next };
    await store.commitBlock(stored, (tx) => options.persistApp(tx, decided));
    lastValidators = start().validators;
    [last, state] = [stored, finalized.state];
    return { decided, next };
  };
  return {
    tip,
    start,
    appState: () => state,
    build: (content) => buildBlock({ app, domain, tip: tip(), state, last }, content),
    judge: (block, localView) => {
      if (findBlockFault(block, tip(), certificateFault) !== undefined) return "malformed";
      return app.processProposal(state, block, localView);
    },
    commit,
  };
}

/** Hash of what all validators must agree on before the first block. */
export function hashGenesis(genesis: Genesis<unknown>, domain: SigningDomain): Hex {
  const { timeMs, appHash, validators } = genesis;
  const header = {
    height: 0n,
    timestampMs: timeMs,
    proposer: domain.rollupChain,
    parentId: zeroHash,
    appHash,
    validatorsHash: hashValidators(validators),
  };
  const content = { transactions: [], certified: { from: 1n, hashes: [] }, lastCommit: undefined };
  return posBlockId(domain, buildPosBlock(header, content).header);
}

type BuildContext<AppState, Decision, LocalView> = {
  readonly app: AbciApp<AppState, Decision, LocalView>;
  readonly domain: SigningDomain;
  readonly tip: ChainTip;
  readonly state: AppState;
  readonly last: StoredBlock | undefined;
};

function buildBlock<AppState, Decision, LocalView>(
  { app, domain, tip, state, last }: BuildContext<AppState, Decision, LocalView>,
  content: Parameters<Chain<AppState, Decision, LocalView>["build"]>[0],
): { block: PosBlock; blockId: Hex } {
  const { proposer, nowMs, mempool, localView } = content;
  const timestampMs = nowMs > tip.parentTimestampMs ? nowMs : tip.parentTimestampMs + 1n;
  const { height, parentId, appHash } = tip;
  const request = { height, timestampMs, proposer, mempool, localView };
  const { transactions, certified } = app.prepareProposal(state, request);
  const validatorsHash = hashValidators(tip.validators);
  const header = { height, timestampMs, proposer, parentId, appHash, validatorsHash };
  const block = buildPosBlock(header, { transactions, certified, lastCommit: last?.certificate });
  return { block, blockId: posBlockId(domain, block.header) };
}

function genesisStart({ validators }: Genesis<unknown>): HeightStart {
  return { height: 1n, validators, priorities: initialPriorities(validators) };
}

/** The validators that decided the last block: needed to check the certificate that the next one carries. */
async function validatorsBefore(
  store: ChainStore,
  last: StoredBlock | undefined,
  genesis: Genesis<unknown>,
): Promise<HeightStart["validators"]> {
  const height = last?.block.header.height ?? 0n;
  const before = height <= 1n ? undefined : await store.readBlock(height - 1n);
  return before?.next.validators ?? genesis.validators;
}
