/** What an event of the pool says, as a decision: validated field by field. */
import {
  type BatchRejectionCode,
  bytesToHex,
  type CeremonyFailureCode,
  type DecisionBody,
  type Hex,
  keccak256,
  membersHash,
  type SigningPurpose,
  type TermReason,
  unreachable,
} from "@sequorum/protocol";
import {
  type Decision as DecisionMessage,
  type EpochKeySigned,
  SigningPurpose as PurposeMessage,
  type SigningSessionOpened,
  TermReason as TermReasonMessage,
} from "../gen/sequorum/events/v1alpha1/decision_pb.ts";
import {
  addressOf,
  batchHeaderFromProto,
  ConversionError,
  hashOf,
  hexOf,
  memberFromProto,
  safeNumberOf,
} from "./fields.ts";

type Kind = DecisionMessage["kind"];
type KnownKind = Exclude<Kind, { case: undefined }>;
type BatchKind = Extract<KnownKind, { case: `batch${string}` }>;
type CeremonyKind = Extract<KnownKind, { case: `ceremony${string}` }>;
type OrderKind = Extract<KnownKind, { case: "membersSet" | "termStarted" | "blocksCertified" }>;
type KeyKind = Exclude<KnownKind, BatchKind | CeremonyKind | OrderKind>;

/** The decision that the message carries; throws `ConversionError`. */
export function decisionBodyFromProto(kind: Kind): DecisionBody {
  switch (kind.case) {
    case undefined:
      throw new ConversionError("kind", "set");
    case "membersSet":
    case "termStarted":
    case "blocksCertified":
      return orderBody(kind);
    case "batchOpened":
    case "batchProposed":
    case "batchEndorsed":
    case "batchSigned":
    case "batchPosted":
    case "batchFinal":
    case "batchRejected":
      return batchBody(kind);
    case "ceremonyOpened":
    case "ceremonyRound1Completed":
    case "ceremonyComplaintRaised":
    case "ceremonyShareRevealed":
    case "ceremonyCompleted":
    case "ceremonyFailed":
      return ceremonyBody(kind);
    default:
      return keyBody(kind);
  }
}

function orderBody(kind: OrderKind): DecisionBody {
  switch (kind.case) {
    case "membersSet":
      return {
        type: kind.case,
        epoch: kind.value.epoch,
        members: kind.value.members.map(memberFromProto),
      };
    case "termStarted": {
      const { term, leader, firstBlock, lastBlock, parentHeight, parentHash, reason } = kind.value;
      return {
        type: kind.case,
        term,
        leader: addressOf(leader, "leader"),
        firstBlock,
        lastBlock,
        parentHeight,
        parentHash: hashOf(parentHash, "parent_hash"),
        reason: termReasonOf(reason),
      };
    }
    case "blocksCertified":
      return {
        type: kind.case,
        from: kind.value.from,
        hashes: kind.value.hashes.map((hash) => hashOf(hash, "hashes")),
        blockId: hashOf(kind.value.blockId, "block_id"),
      };
    default:
      return unreachable(kind);
  }
}

function batchBody(kind: BatchKind): DecisionBody {
  switch (kind.case) {
    case "batchOpened":
      return {
        type: kind.case,
        index: kind.value.batchIndex,
        attempt: kind.value.attempt,
        proposer: addressOf(kind.value.proposer, "proposer"),
        firstBlock: kind.value.firstBlock,
        openedAtMs: safeNumberOf(kind.value.openedAtMs, "opened_at_ms"),
        parentHash: hashOf(kind.value.parentHash, "parent_hash"),
        parentBlockHash: hashOf(kind.value.parentBlockHash, "parent_block_hash"),
        queueFrom: kind.value.queueFrom,
        epoch: kind.value.epoch,
      };
    case "batchProposed":
      return {
        type: kind.case,
        attempt: kind.value.attempt,
        header: batchHeaderFromProto(kind.value.header),
      };
    case "batchEndorsed":
      return {
        type: kind.case,
        attempt: kind.value.attempt,
        header: batchHeaderFromProto(kind.value.header),
        endorsements: kind.value.endorsements.map(({ member, signature }) => ({
          member: addressOf(member, "endorsement.member"),
          signature: hexOf(signature, 65, "endorsement.signature"),
        })),
      };
    case "batchSigned":
      return {
        type: kind.case,
        attempt: kind.value.attempt,
        header: batchHeaderFromProto(kind.value.header),
        proof: bytesToHex(kind.value.proof),
        posterOrder: addressesOf(kind.value.posterOrder, "poster_order"),
      };
    case "batchPosted":
      return {
        type: kind.case,
        index: kind.value.batchIndex,
        digest: hashOf(kind.value.digest, "digest"),
        l1TxHash: hashOf(kind.value.l1TxHash, "l1_tx_hash"),
        l1BlockNumber: kind.value.l1BlockNumber,
        lastBlock: kind.value.lastBlock,
      };
    case "batchFinal":
      return { type: kind.case, index: kind.value.batchIndex, lastBlock: kind.value.lastBlock };
    case "batchRejected":
      // Codes are documented text: a consumer shows them and never branches on an unknown one.
      return {
        type: kind.case,
        index: kind.value.batchIndex,
        attempt: kind.value.attempt,
        code: kind.value.code as BatchRejectionCode,
      };
    default:
      return unreachable(kind);
  }
}

function ceremonyBody(kind: CeremonyKind): DecisionBody {
  const ceremonyId = hashOf(kind.value.ceremonyId, "ceremony_id");
  switch (kind.case) {
    case "ceremonyOpened": {
      const { epoch, attempt, roster, threshold, deadlineMs } = kind.value;
      return {
        type: kind.case,
        ceremonyId,
        epoch,
        attempt,
        roster: roster.map(memberFromProto),
        threshold,
        deadlineMs: safeNumberOf(deadlineMs, "deadline_ms"),
      };
    }
    case "ceremonyRound1Completed":
      return {
        type: kind.case,
        ceremonyId,
        packages: kind.value.packages.map((one) => ({
          dealer: addressOf(one.dealer, "dealer"),
          package: bytesToHex(one.package),
        })),
        deadlineMs: safeNumberOf(kind.value.deadlineMs, "deadline_ms"),
      };
    case "ceremonyComplaintRaised":
      return {
        type: kind.case,
        ceremonyId,
        dealer: addressOf(kind.value.dealer, "dealer"),
        complainer: addressOf(kind.value.complainer, "complainer"),
      };
    case "ceremonyShareRevealed":
      return {
        type: kind.case,
        ceremonyId,
        dealer: addressOf(kind.value.dealer, "dealer"),
        complainer: addressOf(kind.value.complainer, "complainer"),
        share: hashOf(kind.value.share, "share"),
      };
    case "ceremonyCompleted":
      return {
        type: kind.case,
        ceremonyId,
        epoch: kind.value.epoch,
        groupKey: hashOf(kind.value.groupKey, "group_key"),
        verifyingShares: kind.value.verifyingShares.map((share) =>
          hexOf(share, 33, "verifying_shares"),
        ),
        roster: addressesOf(kind.value.roster, "roster"),
        threshold: kind.value.threshold,
      };
    case "ceremonyFailed":
      return {
        type: kind.case,
        ceremonyId,
        culprits: addressesOf(kind.value.culprits, "culprits"),
        code: kind.value.code as CeremonyFailureCode,
      };
    default:
      return unreachable(kind);
  }
}

function keyBody(kind: KeyKind): DecisionBody {
  switch (kind.case) {
    case "signingSessionOpened":
      return sessionOpenedBody(kind.value);
    case "signingSessionClosed":
      return {
        type: kind.case,
        sessionId: hashOf(kind.value.sessionId, "session_id"),
        signed: kind.value.signed,
        culprits: addressesOf(kind.value.culprits, "culprits"),
      };
    case "nonceCommitmentsRecorded":
      return {
        type: kind.case,
        keyId: hashOf(kind.value.keyId, "key_id"),
        member: addressOf(kind.value.member, "member"),
        generation: safeNumberOf(kind.value.generation, "generation"),
        unused: kind.value.unused,
      };
    case "epochKeySigned":
      return epochKeySignedBody(kind.value);
    case "epochActivated":
      return {
        type: kind.case,
        epoch: kind.value.epoch,
        groupKey: hashOf(kind.value.groupKey, "group_key"),
      };
    case "keyRetired":
      return { type: kind.case, keyId: hashOf(kind.value.keyId, "key_id") };
    case "keyErased":
      return {
        type: kind.case,
        keyId: hashOf(kind.value.keyId, "key_id"),
        member: addressOf(kind.value.member, "member"),
      };
    default:
      return unreachable(kind);
  }
}

function sessionOpenedBody(message: SigningSessionOpened): DecisionBody {
  return {
    type: "signingSessionOpened",
    sessionId: hashOf(message.sessionId, "session_id"),
    purpose: purposeOf(message),
    keyId: hashOf(message.keyId, "key_id"),
    digest: hashOf(message.digest, "digest"),
    attempt: message.attempt,
    roster: message.roster.map((signer) => ({
      member: addressOf(signer.member, "roster.member"),
      identifier: signer.identifier,
      generation: safeNumberOf(signer.generation, "roster.generation"),
      commitmentIndex: signer.commitmentIndex,
      hiding: hexOf(signer.hiding, 33, "roster.hiding"),
      binding: hexOf(signer.binding, 33, "roster.binding"),
    })),
    deadlineMs: safeNumberOf(message.deadlineMs, "deadline_ms"),
  };
}

function epochKeySignedBody(message: EpochKeySigned): DecisionBody {
  const members = message.members.map(memberFromProto);
  const groupKey = hashOf(message.groupKey, "group_key");
  return {
    type: "epochKeySigned",
    update: {
      epoch: message.epoch,
      schemeId: hashOf(message.schemeId, "scheme_id"),
      threshold: message.threshold,
      membersHash: membersHash(members.map(({ address }) => address)),
      groupKeyHash: keccak256(groupKey),
      previousUpdateHash: hashOf(message.previousUpdateHash, "previous_update_hash"),
    },
    digest: hashOf(message.digest, "digest"),
    members,
    groupKey,
    proof: bytesToHex(message.proof),
    posterOrder: addressesOf(message.posterOrder, "poster_order"),
  };
}

function purposeOf({ purpose, subject, subjectAttempt }: SigningSessionOpened): SigningPurpose {
  if (purpose === PurposeMessage.EPOCH) return { type: "epoch", epoch: subject };
  if (purpose === PurposeMessage.BATCH)
    return { type: "batch", index: subject, attempt: subjectAttempt };
  throw new ConversionError("purpose", "known");
}

function termReasonOf(reason: TermReasonMessage): TermReason {
  if (reason === TermReasonMessage.GENESIS) return "genesis";
  if (reason === TermReasonMessage.SPAN) return "span";
  if (reason === TermReasonMessage.SILENCE) return "silence";
  throw new ConversionError("reason", "known");
}

function addressesOf(items: readonly Uint8Array[], field: string): Hex[] {
  return items.map((item) => addressOf(item, field));
}
