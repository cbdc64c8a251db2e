/** What moves a signing attempt and what it asks for. None of it is secret: a share is public once it is released. */
import type { Hex, SchnorrSignature } from "@sequorum/protocol";
import type { SigningRefusal, SigningState } from "./state.ts";

/** Timers: this member's turn to submit the signature; the end of waiting for shares. */
export type SigningTimer = "submit" | "expire";

/** Inputs. */
export type SigningInput =
  /** `refusal` is null when this operator computed the same digest itself (T2). */
  | { readonly type: "digestChecked"; readonly refusal: SigningRefusal | null }
  /** The nonce is durably spent and this is the share it made. */
  | { readonly type: "shareReleased"; readonly share: Hex }
  | { readonly type: "releaseFailed"; readonly refusal: SigningRefusal }
  | { readonly type: "shareReceived"; readonly from: Hex; readonly share: Hex }
  | { readonly type: "timerFired"; readonly id: SigningTimer }
  | { readonly type: "closed" };

/** Effects, in order. */
export type SigningEffect =
  | { readonly type: "checkDigest" }
  /** Spend the assigned nonce durably, then make the share. */
  | { readonly type: "releaseShare" }
  | { readonly type: "sendShare"; readonly receivers: readonly Hex[]; readonly share: Hex }
  | { readonly type: "submitSignature"; readonly signature: SchnorrSignature }
  | { readonly type: "submitFailure"; readonly culprits: readonly Hex[] }
  /** The nonce assigned to this attempt is public knowledge for it: drop it if it was not used. */
  | { readonly type: "discardNonce" }
  | { readonly type: "scheduleTimer"; readonly id: SigningTimer; readonly afterMs: number };

/** Result of one input. */
export type SigningStep = {
  readonly state: SigningState;
  readonly effects: readonly SigningEffect[];
  readonly blame?: readonly Hex[];
  readonly rejected?: "NOT_A_SIGNER" | "PHASE" | "DUPLICATE" | "OWN_MESSAGE" | "MALFORMED";
};
