/** State of one attempt at a threshold signature as one of its signers sees it. It holds no secret. */
import {
  checkSigningPackage,
  type GroupPublic,
  type Hex,
  type SchnorrSignature,
  type SessionSigner,
  type SigningPackage,
  type SigningPackageFault,
  type SigningPurpose,
} from "@sequorum/protocol";

/**
 * checking: is the digest ours (T2)? releasing: the nonce is being spent. collecting: own share is out.
 * signed: the signature is known here. failed: it cannot be made from these shares. refused: this node does not
 * sign. closed: the pool ended the attempt.
 */
export type SigningPhase =
  | "checking"
  | "releasing"
  | "collecting"
  | "signed"
  | "failed"
  | "refused"
  | "closed";

/** Why this node refuses to sign. */
export type SigningRefusal =
  | SigningPackageFault
  | "ROSTER_DIFFERS"
  | "DIGEST_DIFFERS"
  | "NOT_ENDORSED"
  | "CHECK_UNAVAILABLE"
  | "NONCE_UNAVAILABLE"
  | "SESSION_REOPENED";

/** The decision that opens an attempt, with the key it is for. */
export type SigningOpening = {
  readonly sessionId: Hex;
  readonly purpose: SigningPurpose;
  readonly keyId: Hex;
  readonly digest: Hex;
  readonly attempt: number;
  readonly roster: readonly SessionSigner[];
  /** Time from the decision to its deadline. */
  readonly timeoutMs: number;
  readonly group: GroupPublic;
  /** Addresses of the key's roster: FROST identifier i is place i - 1. */
  readonly keyRoster: readonly Hex[];
  readonly self: Hex;
};

/** One attempt. */
export type SigningState = {
  readonly sessionId: Hex;
  readonly purpose: SigningPurpose;
  readonly keyId: Hex;
  readonly attempt: number;
  readonly timeoutMs: number;
  readonly package: SigningPackage;
  /** Signers in the decision's order, which is the order of submission. */
  readonly signers: readonly { readonly address: Hex; readonly index: number }[];
  readonly self: Hex;
  readonly phase: SigningPhase;
  readonly refusal: SigningRefusal | null;
  /** First share of each signer, by address. */
  readonly shares: Readonly<Record<Hex, Hex>>;
  readonly culprits: readonly Hex[];
  readonly signature: SchnorrSignature | null;
};

/** The state of a new attempt: refused at once if the decision does not fit the key. */
export function initialSigningState(opening: SigningOpening): SigningState {
  const commitments = opening.roster.map(({ identifier, hiding, binding }) => ({
    index: identifier - 1,
    hiding,
    binding,
  }));
  const pkg: SigningPackage = { group: opening.group, digest: opening.digest, commitments };
  const differs = opening.roster.some(
    ({ member, identifier }) => opening.keyRoster[identifier - 1] !== member,
  );
  const refusal: SigningRefusal | null =
    checkSigningPackage(pkg) ?? (differs ? "ROSTER_DIFFERS" : null);
  return {
    sessionId: opening.sessionId,
    purpose: opening.purpose,
    keyId: opening.keyId,
    attempt: opening.attempt,
    timeoutMs: opening.timeoutMs,
    package: pkg,
    signers: opening.roster.map(({ member, identifier }) => ({
      address: member,
      index: identifier - 1,
    })),
    self: opening.self,
    phase: refusal === null ? "checking" : "refused",
    refusal,
    shares: {},
    culprits: [],
    signature: null,
  };
}

/** Whether nothing more will come of the attempt. */
export function isSigningOver({ phase }: SigningState): boolean {
  return phase === "closed" || phase === "refused";
}
