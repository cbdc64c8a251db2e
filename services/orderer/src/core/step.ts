/** The orderer's core: one function from a state and an input to the next state and effects. */
import { unreachable } from "@sequorum/protocol";
import { onBlockBuilt, startBuild } from "./build-block.ts";
import { onBlocksCertified } from "./certification.ts";
import type { Step } from "./effect.ts";
import type { Input } from "./input.ts";
import { noteWork, onHeartbeatReceived, onTermStarted, onTick } from "./leadership.ts";
import { onOriginsConfirmed, onOriginsReplaced } from "./origins.ts";
import { onBlockExecuted, onBlockReceived, startExecution } from "./peer-blocks.ts";
import type { State } from "./state.ts";
import { onAccountsRead, onTransactionsReceived, onTransactionsRestored } from "./submission.ts";

/** Applies one input. Deterministic; the mempool inside the state is changed in place. */
export function step(state: State, input: Input): Step {
  const handled = handle(state, input);
  const executing = startExecution(handled.state, input.atMs);
  const building = startBuild(noteWork(executing.state, input.atMs), input.atMs);
  return {
    state: building.state,
    effects: [...handled.effects, ...executing.effects, ...building.effects],
  };
}

function handle(state: State, input: Input): Step {
  switch (input.type) {
    case "transactionsReceived":
      return onTransactionsReceived(state, input);
    case "transactionsRestored":
      return onTransactionsRestored(state, input);
    case "accountsRead":
      return onAccountsRead(state, input);
    case "termStarted":
      return onTermStarted(state, input);
    case "blocksCertified":
      return onBlocksCertified(state, input);
    case "blockReceived":
      return onBlockReceived(state, input);
    case "blockExecuted":
      return onBlockExecuted(state, input);
    case "blockBuilt":
      return onBlockBuilt(state, input);
    case "heartbeatReceived":
      return onHeartbeatReceived(state, input);
    case "peerMalformed": {
      const { peer, code } = input;
      return {
        state,
        effects: [{ type: "rejectPeer", peer, code, disconnect: false, evidence: [] }],
      };
    }
    case "originsConfirmed":
      return onOriginsConfirmed(state, input);
    case "originsReplaced":
      return onOriginsReplaced(state, input);
    case "tick":
      return onTick(state, input);
    default:
      return unreachable(input);
  }
}
