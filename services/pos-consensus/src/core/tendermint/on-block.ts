/** Blocks built by this validator, and the shell's judgement of blocks. */
import type { Hex } from "@sequorum/protocol";
import { chooseProposal, proposalKey, proposerOf } from "./actions.ts";
import type { Effect } from "./effect.ts";
import type { BlockVerdict, Input } from "./input.ts";
import { addBlock } from "./on-proposal.ts";
import { andThen, type KnownBlock, type State, type Step, stay } from "./state.ts";

/** The block that `buildBlock` asked for is proposed, if its round still waits for it (L19). */
export function onBlockBuilt(
  state: State,
  { height, round, blockId, block }: Extract<Input, { type: "blockBuilt" }>,
): Step {
  const isWaitedFor = height === state.height && round === state.round && state.step === "propose";
  if (!isWaitedFor || state.ownChoices.has(proposalKey(round))) return stay(state);
  return andThen(addBlock(state, blockId, block), (next) => chooseProposal(next, blockId));
}

/** Notes a verdict; a bad block is blamed on whoever proposed it. */
export function onBlockJudged(
  state: State,
  { height, blockId, verdict }: Extract<Input, { type: "blockJudged" }>,
): Step {
  const known = state.blocks.get(blockId);
  if (height !== state.height || known === undefined) return stay(state);
  const blocks = new Map(state.blocks).set(blockId, { ...known, verdict });
  return { state: { ...state, blocks }, effects: blame(state, blockId, verdict) };
}

/** Blocks on which the application had no opinion are judged again. */
export function onLocalViewChanged(state: State): Step {
  const undecided = [...state.blocks].filter(([, { verdict }]) => verdict === "unknown");
  if (undecided.length === 0 || state.step === "decided") return stay(state);
  const blocks = new Map<Hex, KnownBlock>(state.blocks);
  for (const [id, { block }] of undecided) blocks.set(id, { block, verdict: "checking" });
  const effects = undecided.map(
    ([blockId, { block }]): Effect => ({
      type: "judgeBlock",
      height: state.height,
      blockId,
      block,
    }),
  );
  return { state: { ...state, blocks }, effects };
}

function blame(state: State, blockId: Hex, verdict: BlockVerdict): Effect[] {
  if (verdict !== "malformed" && verdict !== "reject") return [];
  const code = verdict === "malformed" ? "BLOCK_MALFORMED" : "BLOCK_REJECTED";
  return [...state.proposals.values()]
    .filter(({ proposal }) => proposal.blockId === blockId)
    .map(({ proposal }) => ({
      type: "reject",
      rejection: { code, by: proposerOf(state, proposal.round) },
    }));
}
