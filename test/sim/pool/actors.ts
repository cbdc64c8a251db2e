/** A member that says whatever might do harm: built from what the chain shows, signed with its own key. */
import type { Hex, L1Event, PoolPayload } from "@sequorum/protocol";
import type { Prng } from "@sequorum/testkit";
import type { PoolState } from "../../../services/pos-consensus/src/core/pool/state.ts";

const rubbish: Hex = `0x${"0b".repeat(32)}`;

/** One hostile payload that fits the state. */
export function hostilePayload(state: PoolState, prng: Prng): PoolPayload {
  const { batches, ceremonies, leadership, nonces, signing, members, keys } = state;
  const victim = prng.pick(members).address;
  const open = batches.open;
  const digest = open !== null && open.stage.type !== "open" ? open.stage.digest : rubbish;
  const at = {
    index: open?.index ?? 1n,
    attempt: open?.attempt ?? 0,
    digest: prng.chance(0.5) ? digest : rubbish,
  };
  const ceremonyId = ceremonies.current?.ceremonyId ?? rubbish;
  const session = signing.requests[0]?.session;
  const stock = nonces[prng.integer(0, Math.max(0, nonces.length - 1))];
  const tip = batches.unposted[0] ?? batches.tip;
  const event: L1Event = prng.pick<L1Event>([
    {
      type: "batchPosted",
      index: tip.index,
      digest: tip.digest,
      l1TxHash: rubbish,
      l1BlockNumber: 1n,
    },
    {
      type: "batchPosted",
      index: tip.index,
      digest: rubbish,
      l1TxHash: rubbish,
      l1BlockNumber: 1n,
    },
    { type: "batchFinal", index: batches.postedIndex, digest: rubbish, lastBlock: 10_000n },
    {
      type: "epochRegistered",
      epoch: 1n,
      groupKeyHash: rubbish,
      l1TxHash: rubbish,
      l1BlockNumber: 1n,
    },
  ]);
  return prng.pick<PoolPayload>([
    { type: "leaderSilent", term: leadership.term },
    { type: "batchRefusal", ...at, code: "BECAUSE" },
    { type: "batchEndorsement", ...at, signature: `0x${"11".repeat(65)}` },
    { type: "dkgComplaint", ceremonyId, dealer: victim },
    { type: "dkgReveal", ceremonyId, complainer: victim, share: rubbish },
    { type: "dkgRound1", ceremonyId, package: "0x00" },
    {
      type: "signingFailure",
      sessionId: session?.sessionId ?? rubbish,
      attempt: signing.requests[0]?.attempt ?? 0,
      culprits: [victim],
    },
    {
      type: "groupSignature",
      sessionId: session?.sessionId ?? rubbish,
      signature: { r: victim, s: rubbish },
    },
    {
      type: "nonceCommitments",
      keyId: stock?.keyId ?? rubbish,
      generation: prng.integer(0, 50),
      commitments: stock?.commitments.slice(0, 3) ?? [],
    },
    { type: "keyErasure", keyId: keys.active?.keyId ?? ceremonyId },
    { type: "l1Observation", event },
  ]);
}
