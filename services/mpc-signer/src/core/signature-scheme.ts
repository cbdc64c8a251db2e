/**
 * The port of a threshold signature scheme, and FROST behind it. Sessions are pure functions; what is secret (seed,
 * nonces, share) is an argument of its own type. Another scheme (BLS, separate ECDSA) would fill the same slots.
 */
import {
  aggregateShares,
  type Aggregation,
  encodeFrostProof,
  frostSchemeId,
  frostSuiteName,
  type GroupPublic,
  type Hex,
  type IndexedEndorsement,
  isSignatureShareValid,
  type NonceCommitment,
  type SchnorrSignature,
  type SigningPackage,
  verifySchnorr,
} from "@sequorum/protocol";
import type { DealerSecret, KeyShare } from "./dkg/dealer.ts";
import type { DkgInput, DkgStep } from "./dkg/messages.ts";
import type { DkgOpening, DkgState } from "./dkg/state.ts";
import { dkgStep, openDkg } from "./dkg/step.ts";
import type { SigningInput, SigningStep } from "./signing/messages.ts";
import { computeSignatureShare, createNonce, type NoncePair } from "./signing/nonce.ts";
import type { SigningOpening, SigningState } from "./signing/state.ts";
import { openSigning, signingStep } from "./signing/step.ts";

/** What a scheme can and cannot do; its callers decide by it. */
export type SchemeCapabilities = {
  /** keccak256 of the name under which L1 knows the scheme. */
  readonly schemeId: Hex;
  readonly suite: string;
  /** Rounds of messages between the decision and the signature. */
  readonly onlineRounds: number;
  /** Whether signers publish one-time commitments beforehand. */
  readonly preprocessing: boolean;
  /** Whether a wrong share is traced to its signer. */
  readonly identifiesCulprits: boolean;
  /** Whether the signature alone proves on L1 who signed. */
  readonly namesSigners: boolean;
  readonly membersMin: number;
};

/** A threshold signature scheme. */
export type SignatureScheme = {
  readonly capabilities: SchemeCapabilities;
  readonly dkg: {
    readonly open: (opening: DkgOpening, secret: DealerSecret) => DkgStep;
    readonly step: (state: DkgState, input: DkgInput) => DkgStep;
  };
  readonly sign: {
    readonly open: (opening: SigningOpening) => SigningStep;
    readonly step: (state: SigningState, input: SigningInput) => SigningStep;
    readonly createNonce: (
      share: KeyShare,
      randomBytes: (length?: number) => Uint8Array<ArrayBuffer>,
    ) => { nonces: NoncePair; commitment: NonceCommitment };
    readonly computeShare: (
      pkg: SigningPackage,
      secret: { share: KeyShare; nonces: NoncePair },
    ) => Hex;
  };
  readonly verifyShare: (pkg: SigningPackage, share: { index: number; share: Hex }) => boolean;
  readonly aggregate: (pkg: SigningPackage, shares: ReadonlyMap<number, Hex>) => Aggregation;
  readonly verify: (group: GroupPublic, digest: Hex, signature: SchnorrSignature) => boolean;
  readonly encodeForL1: (
    signature: SchnorrSignature,
    endorsements: readonly IndexedEndorsement[],
  ) => Hex;
};

/** FROST-secp256k1-ETHKECCAK-v1. */
export const frostScheme: SignatureScheme = {
  capabilities: {
    schemeId: frostSchemeId,
    suite: frostSuiteName,
    onlineRounds: 1,
    preprocessing: true,
    identifiesCulprits: true,
    namesSigners: false,
    membersMin: 2,
  },
  dkg: { open: openDkg, step: dkgStep },
  sign: { open: openSigning, step: signingStep, createNonce, computeShare: computeSignatureShare },
  verifyShare: isSignatureShareValid,
  aggregate: aggregateShares,
  verify: (group, digest, signature) => verifySchnorr(group.groupKey, digest, signature),
  encodeForL1: (signature, endorsements) => encodeFrostProof({ signature, endorsements }),
};
