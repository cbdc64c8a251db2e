import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type BatchHeader,
  type DecisionBody,
  frostSchemeId,
  type Hex,
  keccak256,
  membersHash,
  privateKeyToPublicKey,
  publicKeyToAddress,
  zeroHash,
} from "@sequorum/protocol";
import { decisionFromProto, decisionToProto } from "../src/convert/decision.ts";
import { ConversionError } from "../src/convert/fields.ts";
import { DecisionSchema } from "../src/events.ts";

const domain = { l1ChainId: 31_337n, rollupChain: `0x${"12".repeat(20)}` } as const;
const hash = (byte: string): Hex => `0x${byte.repeat(32)}`;
const point = (byte: string): Hex => `0x02${byte.repeat(32)}`;
const publicKey = privateKeyToPublicKey(new Uint8Array(32).fill(7));
const member = {
  index: 0,
  address: publicKeyToAddress(publicKey),
  publicKey,
  stakeWei: 20_000n * 10n ** 18n,
};
const { address } = member;
const header: BatchHeader = {
  version: 1,
  stfVersion: 1,
  chainId: 59_001n,
  index: 2n,
  parentHash: hash("01"),
  firstBlock: 11n,
  lastBlock: 20n,
  parentBlockHash: hash("02"),
  lastBlockHash: hash("03"),
  postStateRoot: hash("04"),
  blockRoot: hash("05"),
  daKind: 1,
  daSize: 1_000,
  daRoot: hash("06"),
  queueFrom: 0n,
  queueTo: 1n,
  l1OriginNumber: 9n,
  l1OriginHash: hash("07"),
  epoch: 1n,
  proposer: address,
  timestamp: 1_700_000_000n,
};
const groupKey = hash("0a");
const update = {
  epoch: 1n,
  schemeId: frostSchemeId,
  threshold: 4,
  membersHash: membersHash([address]),
  groupKeyHash: keccak256(groupKey),
  previousUpdateHash: zeroHash,
};
const ceremonyId = hash("0b");

/** One of each: the compiler wants every type of decision here. */
const samples: { readonly [Type in DecisionBody["type"]]: Extract<DecisionBody, { type: Type }> } =
  {
    membersSet: { type: "membersSet", epoch: 1n, members: [member] },
    termStarted: {
      type: "termStarted",
      term: 2n,
      leader: address,
      firstBlock: 31n,
      lastBlock: 60n,
      parentHeight: 30n,
      parentHash: hash("0c"),
      reason: "silence",
    },
    blocksCertified: {
      type: "blocksCertified",
      from: 3n,
      hashes: [hash("0d"), hash("0e")],
      blockId: hash("0f"),
    },
    batchOpened: {
      type: "batchOpened",
      index: 2n,
      attempt: 1,
      proposer: address,
      firstBlock: 11n,
      openedAtMs: 1_700_000_000_123,
      parentHash: hash("01"),
      parentBlockHash: hash("02"),
      queueFrom: 0n,
      epoch: 1n,
    },
    batchProposed: { type: "batchProposed", attempt: 1, header },
    batchEndorsed: {
      type: "batchEndorsed",
      attempt: 1,
      header,
      endorsements: [{ member: address, signature: `0x${"11".repeat(65)}` }],
    },
    batchSigned: {
      type: "batchSigned",
      attempt: 1,
      header,
      proof: "0x1234",
      posterOrder: [address],
    },
    batchPosted: {
      type: "batchPosted",
      index: 2n,
      digest: hash("12"),
      l1TxHash: hash("13"),
      l1BlockNumber: 99n,
      lastBlock: 20n,
    },
    batchFinal: { type: "batchFinal", index: 2n, lastBlock: 20n },
    batchRejected: {
      type: "batchRejected",
      index: 2n,
      attempt: 1,
      code: "REFUSED:BLOCK_ROOT_MISMATCH",
    },
    ceremonyOpened: {
      type: "ceremonyOpened",
      ceremonyId,
      epoch: 1n,
      attempt: 0,
      roster: [member],
      threshold: 4,
      deadlineMs: 1_700_000_005_000,
    },
    ceremonyRound1Completed: {
      type: "ceremonyRound1Completed",
      ceremonyId,
      packages: [{ dealer: address, package: "0xabcd" }],
      deadlineMs: 1_700_000_010_000,
    },
    ceremonyComplaintRaised: {
      type: "ceremonyComplaintRaised",
      ceremonyId,
      dealer: address,
      complainer: address,
    },
    ceremonyShareRevealed: {
      type: "ceremonyShareRevealed",
      ceremonyId,
      dealer: address,
      complainer: address,
      share: hash("14"),
    },
    ceremonyCompleted: {
      type: "ceremonyCompleted",
      ceremonyId,
      epoch: 1n,
      groupKey,
      verifyingShares: [point("15")],
      roster: [address],
      threshold: 4,
    },
    ceremonyFailed: {
      type: "ceremonyFailed",
      ceremonyId,
      culprits: [address],
      code: "ROUND1_TIMEOUT",
    },
    signingSessionOpened: {
      type: "signingSessionOpened",
      sessionId: hash("16"),
      purpose: { type: "batch", index: 2n, attempt: 1 },
      keyId: ceremonyId,
      digest: hash("17"),
      attempt: 2,
      roster: [
        {
          member: address,
          identifier: 1,
          generation: 3,
          commitmentIndex: 5,
          hiding: point("18"),
          binding: point("19"),
        },
      ],
      deadlineMs: 1_700_000_011_500,
    },
    signingSessionClosed: {
      type: "signingSessionClosed",
      sessionId: hash("16"),
      signed: false,
      culprits: [address],
    },
    nonceCommitmentsRecorded: {
      type: "nonceCommitmentsRecorded",
      keyId: ceremonyId,
      member: address,
      generation: 3,
      unused: 64,
    },
    epochKeySigned: {
      type: "epochKeySigned",
      update,
      digest: hash("1a"),
      members: [member],
      groupKey,
      proof: "0x5678",
      posterOrder: [address],
    },
    epochActivated: { type: "epochActivated", epoch: 1n, groupKey },
    keyRetired: { type: "keyRetired", keyId: ceremonyId },
    keyErased: { type: "keyErased", keyId: ceremonyId, member: address },
  };

test("every decision survives its event", () => {
  for (const [position, body] of Object.values(samples).entries()) {
    const decision = { ...body, posHeight: 7n, position, timeMs: 1_700_000_000_000 };
    const bytes = toBinary(DecisionSchema, decisionToProto(decision, domain));
    assert.deepEqual(decisionFromProto(fromBinary(DecisionSchema, bytes)), decision, body.type);
  }
});

test("an event without a decision, or with a wrong field, is refused with the field's name", () => {
  assert.throws(() => decisionFromProto(create(DecisionSchema)), ConversionError);
  const message = decisionToProto(
    { ...samples.keyRetired, posHeight: 1n, position: 0, timeMs: 0 },
    domain,
  );
  assert.equal(message.kind.case, "keyRetired");
  if (message.kind.case === "keyRetired") message.kind.value.keyId = new Uint8Array(31);
  assert.throws(() => decisionFromProto(message), /key_id must be 32 bytes/);
});
