/** Decisions of the pool to the events that carry them, and back. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  batchDigest,
  type Decision,
  type DecisionBody,
  hexToBytes,
  type SigningDomain,
  type TermReason,
  unreachable,
} from "@sequorum/protocol";
import {
  type Decision as DecisionMessage,
  DecisionSchema,
  SigningPurpose,
  TermReason as TermReasonMessage,
} from "../gen/sequorum/events/v1alpha1/decision_pb.ts";
import { decisionBodyFromProto } from "./decision-body.ts";
import { batchHeaderToProto, memberToProto, safeNumberOf } from "./fields.ts";

/** The event of a decision. */
export function decisionToProto(decision: Decision, domain: SigningDomain): DecisionMessage {
  return create(DecisionSchema, {
    posHeight: decision.posHeight,
    index: decision.position,
    timeMs: BigInt(decision.timeMs),
    kind: kindOf(decision, domain),
  });
}

/** Inverse of `decisionToProto`; throws `ConversionError`. */
export function decisionFromProto(message: DecisionMessage): Decision {
  return {
    ...decisionBodyFromProto(message.kind),
    posHeight: message.posHeight,
    position: message.index,
    timeMs: safeNumberOf(message.timeMs, "time_ms"),
  };
}

type Kind = NonNullable<MessageInitShape<typeof DecisionSchema>["kind"]>;

function kindOf(body: DecisionBody, domain: SigningDomain): Kind {
  switch (body.type) {
    case "membersSet":
    case "termStarted":
    case "blocksCertified":
      return orderKindOf(body);
    case "batchOpened":
    case "batchProposed":
    case "batchEndorsed":
    case "batchSigned":
    case "batchPosted":
    case "batchFinal":
    case "batchRejected":
      return batchKindOf(body, domain);
    case "ceremonyOpened":
    case "ceremonyRound1Completed":
    case "ceremonyComplaintRaised":
    case "ceremonyShareRevealed":
    case "ceremonyCompleted":
    case "ceremonyFailed":
      return ceremonyKindOf(body);
    default:
      return keyKindOf(body);
  }
}

type OrderBody = Extract<DecisionBody, { type: "membersSet" | "termStarted" | "blocksCertified" }>;
type BatchBody = Extract<DecisionBody, { type: `batch${string}` }>;
type CeremonyBody = Extract<DecisionBody, { type: `ceremony${string}` }>;
type KeyBody = Exclude<DecisionBody, OrderBody | BatchBody | CeremonyBody>;

const reasonMessages: Readonly<Record<TermReason, TermReasonMessage>> = {
  genesis: TermReasonMessage.GENESIS,
  span: TermReasonMessage.SPAN,
  silence: TermReasonMessage.SILENCE,
};

function orderKindOf(body: OrderBody): Kind {
  switch (body.type) {
    case "membersSet":
      return {
        case: body.type,
        value: { epoch: body.epoch, members: body.members.map(memberToProto) },
      };
    case "termStarted":
      return {
        case: body.type,
        value: {
          ...body,
          leader: hexToBytes(body.leader),
          parentHash: hexToBytes(body.parentHash),
          reason: reasonMessages[body.reason],
        },
      };
    case "blocksCertified":
      return {
        case: body.type,
        value: {
          from: body.from,
          hashes: body.hashes.map(hexToBytes),
          blockId: hexToBytes(body.blockId),
        },
      };
    default:
      return unreachable(body);
  }
}

function batchKindOf(body: BatchBody, domain: SigningDomain): Kind {
  const header =
    "header" in body ? batchHeaderToProto(body.header, batchDigest(body.header, domain)) : {};
  switch (body.type) {
    case "batchOpened":
      return {
        case: body.type,
        value: {
          batchIndex: body.index,
          attempt: body.attempt,
          proposer: hexToBytes(body.proposer),
          firstBlock: body.firstBlock,
          openedAtMs: BigInt(body.openedAtMs),
          parentHash: hexToBytes(body.parentHash),
          parentBlockHash: hexToBytes(body.parentBlockHash),
          queueFrom: body.queueFrom,
          epoch: body.epoch,
        },
      };
    case "batchProposed":
      return { case: body.type, value: { header, attempt: body.attempt } };
    case "batchEndorsed":
      return {
        case: body.type,
        value: {
          header,
          attempt: body.attempt,
          endorsements: body.endorsements.map(({ member, signature }) => ({
            member: hexToBytes(member),
            signature: hexToBytes(signature),
          })),
        },
      };
    case "batchSigned":
      return {
        case: body.type,
        value: {
          header,
          attempt: body.attempt,
          proof: hexToBytes(body.proof),
          posterOrder: body.posterOrder.map(hexToBytes),
        },
      };
    case "batchPosted":
      return {
        case: body.type,
        value: {
          batchIndex: body.index,
          digest: hexToBytes(body.digest),
          l1TxHash: hexToBytes(body.l1TxHash),
          l1BlockNumber: body.l1BlockNumber,
          lastBlock: body.lastBlock,
        },
      };
    case "batchFinal":
      return { case: body.type, value: { batchIndex: body.index, lastBlock: body.lastBlock } };
    case "batchRejected":
      return {
        case: body.type,
        value: { batchIndex: body.index, attempt: body.attempt, code: body.code },
      };
    default:
      return unreachable(body);
  }
}

function ceremonyKindOf(body: CeremonyBody): Kind {
  const ceremonyId = hexToBytes(body.ceremonyId);
  switch (body.type) {
    case "ceremonyOpened": {
      const { epoch, attempt, threshold } = body;
      const deadlineMs = BigInt(body.deadlineMs);
      const roster = body.roster.map(memberToProto);
      return {
        case: body.type,
        value: { ceremonyId, epoch, attempt, roster, threshold, deadlineMs },
      };
    }
    case "ceremonyRound1Completed":
      return {
        case: body.type,
        value: {
          ceremonyId,
          packages: body.packages.map((one) => ({
            dealer: hexToBytes(one.dealer),
            package: hexToBytes(one.package),
          })),
          deadlineMs: BigInt(body.deadlineMs),
        },
      };
    case "ceremonyComplaintRaised":
      return {
        case: body.type,
        value: {
          ceremonyId,
          dealer: hexToBytes(body.dealer),
          complainer: hexToBytes(body.complainer),
        },
      };
    case "ceremonyShareRevealed":
      return {
        case: body.type,
        value: {
          ceremonyId,
          dealer: hexToBytes(body.dealer),
          complainer: hexToBytes(body.complainer),
          share: hexToBytes(body.share),
        },
      };
    case "ceremonyCompleted":
      return {
        case: body.type,
        value: {
          ceremonyId,
          epoch: body.epoch,
          groupKey: hexToBytes(body.groupKey),
          verifyingShares: body.verifyingShares.map(hexToBytes),
          roster: body.roster.map(hexToBytes),
          threshold: body.threshold,
        },
      };
    case "ceremonyFailed":
      return {
        case: body.type,
        value: { ceremonyId, culprits: body.culprits.map(hexToBytes), code: body.code },
      };
    default:
      return unreachable(body);
  }
}

function keyKindOf(body: KeyBody): Kind {
  switch (body.type) {
    case "signingSessionOpened":
      return signingSessionOpened(body);
    case "signingSessionClosed":
      return {
        case: body.type,
        value: {
          sessionId: hexToBytes(body.sessionId),
          signed: body.signed,
          culprits: body.culprits.map(hexToBytes),
        },
      };
    case "nonceCommitmentsRecorded":
      return {
        case: body.type,
        value: {
          keyId: hexToBytes(body.keyId),
          member: hexToBytes(body.member),
          generation: BigInt(body.generation),
          unused: body.unused,
        },
      };
    case "epochKeySigned":
      return {
        case: body.type,
        value: {
          epoch: body.update.epoch,
          members: body.members.map(memberToProto),
          groupKey: hexToBytes(body.groupKey),
          schemeId: hexToBytes(body.update.schemeId),
          threshold: body.update.threshold,
          digest: hexToBytes(body.digest),
          proof: hexToBytes(body.proof),
          posterOrder: body.posterOrder.map(hexToBytes),
          previousUpdateHash: hexToBytes(body.update.previousUpdateHash),
        },
      };
    case "epochActivated":
      return { case: body.type, value: { epoch: body.epoch, groupKey: hexToBytes(body.groupKey) } };
    case "keyRetired":
      return { case: body.type, value: { keyId: hexToBytes(body.keyId) } };
    case "keyErased":
      return {
        case: body.type,
        value: { keyId: hexToBytes(body.keyId), member: hexToBytes(body.member) },
      };
    default:
      return unreachable(body);
  }
}

function signingSessionOpened(body: Extract<KeyBody, { type: "signingSessionOpened" }>): Kind {
  const { purpose } = body;
  const subject =
    purpose.type === "batch"
      ? { purpose: SigningPurpose.BATCH, subject: purpose.index, subjectAttempt: purpose.attempt }
      : { purpose: SigningPurpose.EPOCH, subject: purpose.epoch, subjectAttempt: 0 };
  return {
    case: body.type,
    value: {
      ...subject,
      sessionId: hexToBytes(body.sessionId),
      keyId: hexToBytes(body.keyId),
      digest: hexToBytes(body.digest),
      attempt: body.attempt,
      roster: body.roster.map((signer) => ({
        member: hexToBytes(signer.member),
        identifier: signer.identifier,
        generation: BigInt(signer.generation),
        commitmentIndex: signer.commitmentIndex,
        hiding: hexToBytes(signer.hiding),
        binding: hexToBytes(signer.binding),
      })),
      deadlineMs: BigInt(body.deadlineMs),
    },
  };
}
