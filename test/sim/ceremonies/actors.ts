/** Byzantine signers, by what they do wrong. */
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import type { DkgEffect } from "../../../services/mpc-signer/src/core/dkg/messages.ts";
import type { Actor } from "./core-signer.ts";

const wrongScalar: Hex = `0x${"07".repeat(32)}`;

function corrupted(hex: Hex): Hex {
  const bytes = hexToBytes(hex);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

/** Deals a ciphertext that does not open to one member, but reveals rightly when accused. */
export const badShareDealer: Actor = {
  name: "bad share dealer",
  dkg: (effect, { options }) =>
    effect.type === "sendShare" &&
    effect.receiver === victimOf(options.members, options.keys.address)
      ? [{ ...effect, ciphertext: corrupted(effect.ciphertext) }]
      : [effect],
};

/** Deals wrong shares to everybody and reveals a wrong one. */
export const wrongRevealer: Actor = {
  name: "wrong revealer",
  dkg: (effect) => {
    if (effect.type === "sendShare")
      return [{ ...effect, ciphertext: corrupted(effect.ciphertext) }];
    return effect.type === "submitReveal" ? [{ ...effect, share: wrongScalar }] : [effect];
  },
};

/** Takes part in round 1 and then says nothing. */
export const silentDealer: Actor = {
  name: "silent dealer",
  dkg: (effect) =>
    effect.type === "sendShare" || effect.type === "submitReveal" || effect.type === "confirm"
      ? []
      : [effect],
};

/** Says nothing at all. */
export const absentee: Actor = { name: "absentee", dkg: () => [], signing: () => [] };

/** Sends a round-1 package with another number of commitments (threshold raising). */
export const thresholdRaiser: Actor = {
  name: "threshold raiser",
  dkg: (effect) =>
    effect.type === "submitRound1"
      ? [{ ...effect, package: `${effect.package.slice(0, 68)}${effect.package.slice(2)}` as Hex }]
      : [effect],
};

/** Never confirms the key. */
export const neverConfirms: Actor = {
  name: "never confirms",
  dkg: (effect) => (effect.type === "confirm" ? [] : [effect]),
};

/** Complains about an honest dealer whose share it has. */
export const falseAccuser: Actor = {
  name: "false accuser",
  dkg: (effect, { options }) => {
    const dealer = victimOf(options.members, options.keys.address);
    return effect.type === "scheduleTimer" && effect.id === "requestShares" && dealer !== undefined
      ? [effect, { type: "submitComplaint", dealer }]
      : [effect];
  },
};

/** Complains about everybody. */
export const accuserOfAll: Actor = {
  name: "accuser of all",
  dkg: (effect, { options }) =>
    effect.type === "scheduleTimer" && effect.id === "requestShares"
      ? [
          effect,
          ...options.members
            .filter((member) => member !== options.keys.address)
            .map((dealer): DkgEffect => ({ type: "submitComplaint", dealer })),
        ]
      : [effect],
};

/** Gives wrong signature shares. */
export const wrongPartial: Actor = {
  name: "wrong partial",
  signing: (effect) =>
    effect.type === "sendShare" ? [{ ...effect, share: wrongScalar }] : [effect],
};

/** Gives the right share to some and a wrong one to the others. */
export const equivocator: Actor = {
  name: "equivocating signer",
  signing: (effect) => {
    if (effect.type !== "sendShare") return [effect];
    const half = effect.receivers.length >> 1;
    return [
      { ...effect, receivers: effect.receivers.slice(0, half) },
      { ...effect, receivers: effect.receivers.slice(half), share: wrongScalar },
    ];
  },
};

/** Gives no signature shares, and blames the others. */
export const silentSlanderer: Actor = {
  name: "silent slanderer",
  signing: (effect, { options }) => {
    if (effect.type === "sendShare") {
      const victim = effect.receivers[0];
      return victim === undefined ? [] : [{ type: "submitFailure", culprits: [victim] }];
    }
    return effect.type === "submitFailure"
      ? [
          {
            ...effect,
            culprits: options.members.filter((m) => m !== options.keys.address).slice(0, 1),
          },
        ]
      : [effect];
  },
};

export const actors: readonly Actor[] = [
  badShareDealer,
  wrongRevealer,
  silentDealer,
  absentee,
  thresholdRaiser,
  neverConfirms,
  falseAccuser,
  accuserOfAll,
  wrongPartial,
  equivocator,
  silentSlanderer,
];

function victimOf(members: readonly Hex[], self: Hex): Hex | undefined {
  return members[(members.indexOf(self) + 1) % members.length];
}
