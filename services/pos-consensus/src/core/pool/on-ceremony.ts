/** What members say in a key generation. */
import {
  assert,
  ceremonyTranscriptHash,
  checkRound1Package,
  type DealerPackage,
  deriveGroup,
  type EpochUpdate,
  epochUpdateDigest,
  frostSchemeId,
  type Hex,
  isDealtShareValid,
  keccak256,
  membersHash,
  type PoolPayload,
  recoverAddress,
  type Round1Package,
} from "@sequorum/protocol";
import { contextOf, failCeremony } from "./ceremonies.ts";
import { requestSignature } from "./signing.ts";
import type { Ceremony, CeremonyStage, PendingKey, PoolState } from "./state.ts";
import { andThen, type Outcome, quiet, type Sent, type Step } from "./step.ts";

type Payload<Type extends PoolPayload["type"]> = Extract<PoolPayload, { readonly type: Type }>;
type Round1 = Extract<CeremonyStage, { readonly type: "round1" }>;
type Round2 = Extract<CeremonyStage, { readonly type: "round2" }>;
type In<Stage> = { readonly ceremony: Ceremony; readonly stage: Stage };

/** Takes a package that is well formed and proves possession; the last one starts round 2. */
export function onDkgRound1(
  state: PoolState,
  { sender, payload }: Sent<Payload<"dkgRound1">>,
): Outcome {
  const found = enterRound1(state, payload.ceremonyId, sender);
  if (typeof found === "string") return found;
  const { ceremony, stage } = found;
  if (stage.packages.some(({ dealer }) => dealer === sender)) return "PACKAGE_ALREADY_SENT";
  const checked = checkPackage(state, ceremony, { dealer: sender, package: payload.package });
  if (typeof checked === "string") return checked;
  const packages = [...stage.packages, { dealer: sender, package: payload.package }];
  if (packages.length < ceremony.roster.length) {
    return quiet(withStage(state, ceremony, { type: "round1", packages }));
  }
  return completeRound1(state, ceremony, packages);
}

/** Records a complaint: the dealer must reveal. More complaints than there can be liars convict the dealer, or the accuser. */
export function onDkgComplaint(
  state: PoolState,
  { sender, payload }: Sent<Payload<"dkgComplaint">>,
): Outcome {
  const found = enterRound2(state, payload.ceremonyId, sender);
  if (typeof found === "string") return found;
  const { ceremony, stage } = found;
  const { dealer } = payload;
  if (!ceremony.roster.includes(dealer) || dealer === sender) return "BAD_CULPRITS";
  if (hasConfirmed(stage, sender)) return "COMPLAINT_AFTER_CONFIRMATION";
  const against = stage.complaints.filter((complaint) => complaint.dealer === dealer);
  if (against.some(({ complainer }) => complainer === sender)) return "ALREADY_COMPLAINED";
  if (against.length + 1 > state.members.length - ceremony.threshold) {
    return failCeremony(state, ceremony, { culprits: [dealer], code: "DEALER_ACCUSED" });
  }
  // The other way round: nobody honest has more bad dealers than there can be liars.
  const accused = stage.complaints.filter(({ complainer }) => complainer === sender);
  if (accused.length + 1 > state.members.length - ceremony.threshold) {
    return failCeremony(state, ceremony, { culprits: [sender], code: "COMPLAINED_TOO_MUCH" });
  }
  const round = state.network.parameters.ceremonyRoundTimeoutMs;
  const complaint = {
    dealer,
    complainer: sender,
    revealed: false,
    deadlineMs: state.timeMs + round,
  };
  const complaints = [...stage.complaints, complaint];
  // Time to reveal, and then to confirm.
  const deadlineMs = Math.max(ceremony.deadlineMs, state.timeMs + 2 * round);
  return {
    state: withStage(state, { ...ceremony, deadlineMs }, { ...stage, complaints }),
    decisions: [
      {
        type: "ceremonyComplaintRaised",
        ceremonyId: ceremony.ceremonyId,
        dealer,
        complainer: sender,
      },
    ],
  };
}

/** Judges a revealed share against the dealer's commitment: right, and the complainer uses it; wrong, and it convicts. */
export function onDkgReveal(
  state: PoolState,
  { sender, payload }: Sent<Payload<"dkgReveal">>,
): Outcome {
  const found = enterRound2(state, payload.ceremonyId, sender);
  if (typeof found === "string") return found;
  const { ceremony, stage } = found;
  const { complainer, share } = payload;
  const isMeant = (complaint: Round2["complaints"][number]) =>
    complaint.dealer === sender && complaint.complainer === complainer && !complaint.revealed;
  if (!stage.complaints.some(isMeant)) return "NO_SUCH_COMPLAINT";
  const { commitment } = packageOf(state, ceremony, { stage, dealer: sender });
  const receiverIndex = ceremony.roster.indexOf(complainer);
  if (!isDealtShareValid(commitment, { receiverIndex, share })) {
    return failCeremony(state, ceremony, { culprits: [sender], code: "REVEAL_WRONG" });
  }
  const complaints = stage.complaints.map((complaint) =>
    isMeant(complaint) ? { ...complaint, revealed: true } : complaint,
  );
  const { ceremonyId } = ceremony;
  return {
    state: withStage(state, ceremony, { ...stage, complaints }),
    decisions: [{ type: "ceremonyShareRevealed", ceremonyId, dealer: sender, complainer, share }],
  };
}

/** Takes a confirmation of exactly the key that follows from the packages; the last one completes the ceremony. */
export function onCeremonyConfirmation(
  state: PoolState,
  { sender, payload }: Sent<Payload<"ceremonyConfirmation">>,
): Outcome {
  const found = enterRound2(state, payload.ceremonyId, sender);
  if (typeof found === "string") return found;
  const { ceremony, stage } = found;
  if (hasConfirmed(stage, sender)) return "ALREADY_CONFIRMED";
  const isSame =
    payload.groupKey === stage.groupKey &&
    payload.transcriptHash === stage.transcriptHash &&
    payload.verifyingShares.length === stage.verifyingShares.length &&
    payload.verifyingShares.every((share, i) => share === stage.verifyingShares[i]);
  if (!isSame) return "CONFIRMATION_MISMATCH";
  if (recoverAddress(stage.updateDigest, payload.signature) !== sender) return "BAD_CONFIRMATION";
  const confirmations = [...stage.confirmations, { member: sender, signature: payload.signature }];
  // Whoever confirms has all shares: its complaints are settled.
  const complaints = stage.complaints.filter(({ complainer }) => complainer !== sender);
  const confirmed: Round2 = { ...stage, confirmations, complaints };
  return confirmations.length === ceremony.roster.length
    ? completeCeremony(state, { ceremony, stage: confirmed })
    : quiet(withStage(state, ceremony, confirmed));
}

function completeRound1(
  state: PoolState,
  ceremony: Ceremony,
  received: readonly DealerPackage[],
): Step {
  const { roster, ceremonyId } = ceremony;
  const packages = [...received].sort(
    (a, b) => roster.indexOf(a.dealer) - roster.indexOf(b.dealer),
  );
  const checked = packages.map((one) => {
    const result = checkPackage(state, ceremony, one);
    assert(typeof result !== "string", "packages were checked on arrival", { dealer: one.dealer });
    return result;
  });
  const { groupKey, verifyingShares } = deriveGroup(checked);
  const update = updateFor(state, ceremony, groupKey);
  const stage: Round2 = {
    type: "round2",
    packages,
    groupKey,
    verifyingShares,
    transcriptHash: ceremonyTranscriptHash(contextOf(state, ceremony), checked),
    update,
    updateDigest: epochUpdateDigest(update, state.network.domain),
    complaints: [],
    confirmations: [],
  };
  const deadlineMs = state.timeMs + state.network.parameters.ceremonyRoundTimeoutMs;
  return {
    state: withStage(state, { ...ceremony, deadlineMs }, stage),
    decisions: [{ type: "ceremonyRound1Completed", ceremonyId, packages, deadlineMs }],
  };
}

function completeCeremony(state: PoolState, { ceremony, stage }: In<Round2>): Step {
  const { ceremonyId, epoch, roster, threshold } = ceremony;
  const { groupKey, verifyingShares, update, updateDigest } = stage;
  const endorsements = roster.map((member) => {
    const confirmation = stage.confirmations.find((other) => other.member === member);
    assert(confirmation !== undefined, "everybody confirmed", { member });
    return confirmation;
  });
  const key = { keyId: ceremonyId, epoch, groupKey, roster, threshold };
  const pending: PendingKey = { ...key, update, digest: updateDigest, endorsements, signed: false };
  const step: Step = {
    state: {
      ...state,
      ceremonies: { current: null, nextAttempt: 0, excluded: [] },
      keys: { ...state.keys, pending },
    },
    decisions: [
      {
        type: "ceremonyCompleted",
        ceremonyId,
        epoch,
        groupKey,
        verifyingShares,
        roster,
        threshold,
      },
    ],
  };
  return andThen(step, (next) =>
    requestSignature(next, {
      purpose: { type: "epoch", epoch },
      keyId: ceremonyId,
      digest: updateDigest,
    }),
  );
}

function updateFor(state: PoolState, { epoch, threshold }: Ceremony, groupKey: Hex): EpochUpdate {
  return {
    epoch,
    schemeId: frostSchemeId,
    threshold,
    membersHash: membersHash(state.members.map(({ address }) => address)),
    groupKeyHash: keccak256(groupKey),
    previousUpdateHash: state.keys.lastUpdateDigest,
  };
}

function enterRound1(state: PoolState, ceremonyId: Hex, sender: Hex) {
  const { current } = state.ceremonies;
  if (current?.ceremonyId !== ceremonyId) return "CEREMONY_NOT_CURRENT";
  if (!current.roster.includes(sender)) return "NOT_IN_ROSTER";
  if (current.stage.type !== "round1") return "CEREMONY_STAGE_PAST";
  const entered: In<Round1> = { ceremony: current, stage: current.stage };
  return entered;
}

function enterRound2(state: PoolState, ceremonyId: Hex, sender: Hex) {
  const { current } = state.ceremonies;
  if (current?.ceremonyId !== ceremonyId) return "CEREMONY_NOT_CURRENT";
  if (!current.roster.includes(sender)) return "NOT_IN_ROSTER";
  if (current.stage.type !== "round2") return "CEREMONY_STAGE_AHEAD";
  const entered: In<Round2> = { ceremony: current, stage: current.stage };
  return entered;
}

function checkPackage(state: PoolState, ceremony: Ceremony, one: DealerPackage) {
  return checkRound1Package(contextOf(state, ceremony), {
    index: ceremony.roster.indexOf(one.dealer),
    threshold: ceremony.threshold,
    encoded: one.package,
  });
}

function packageOf(
  state: PoolState,
  ceremony: Ceremony,
  { stage, dealer }: { readonly stage: Round2; readonly dealer: Hex },
): Round1Package {
  const sent = stage.packages.find((one) => one.dealer === dealer);
  assert(sent !== undefined, "every dealer sent a package", { dealer });
  const checked = checkPackage(state, ceremony, sent);
  assert(typeof checked !== "string", "packages were checked on arrival", { dealer });
  return checked;
}

function hasConfirmed({ confirmations }: Round2, member: Hex): boolean {
  return confirmations.some((confirmation) => confirmation.member === member);
}

function withStage(state: PoolState, ceremony: Ceremony, stage: CeremonyStage): PoolState {
  return { ...state, ceremonies: { ...state.ceremonies, current: { ...ceremony, stage } } };
}
