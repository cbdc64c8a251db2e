/**
 * The secret side of a ceremony. Everything a member deals is a function of its 32-byte seed and the ceremony's
 * context, so a restored or replayed session repeats itself exactly, and the same seed under another roster is an
 * unrelated polynomial (THRESHOLD_SIGNATURES rule 1). The arithmetic is noble's.
 */
import type { DKG_Round1, DKG_Secret } from "@noble/curves/abstract/frost.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expand, extract } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import {
  assert,
  bytesToHex,
  ceremonySuite,
  concatBytes,
  frostIdentifier,
  fromFrostPublic,
  type GroupPublic,
  type Hex,
  hexToBytes,
  type Round1Package,
} from "@sequorum/protocol";

/** The secret of one member in one ceremony. Never logged, erased with the ceremony. */
export type DealerSecret = { readonly seed: Hex };

/** Where in which ceremony this member deals. */
export type DealerPlace = {
  readonly context: Hex;
  readonly selfIndex: number;
  readonly members: number;
  readonly threshold: number;
};

/** This member's secret signing share of a finished key. */
export type KeyShare = { readonly index: number; readonly signingShare: Hex };

/** This member's round-1 package. */
export function dealRound1(secret: DealerSecret, place: DealerPlace): Round1Package {
  return toPackage(startDealing(secret, place).public);
}

/** f_i(j) for every other member j, in roster order; the own place holds undefined. Packages must be checked before. */
export function dealShares(
  secret: DealerSecret,
  { place, packages }: { place: DealerPlace; packages: readonly Round1Package[] },
): readonly (Hex | undefined)[] {
  const { dealing, others } = enterRound2(secret, place, packages);
  const dealt = ceremonySuite(place.context).DKG.round2(dealing, others);
  const shares = packages.map((_, index) => {
    const share = dealt[frostIdentifier(index)]?.signingShare;
    assert((share === undefined) === (index === place.selfIndex), "a share for each other member", {
      index,
    });
    return share === undefined ? undefined : bytesToHex(share);
  });
  ceremonySuite(place.context).DKG.clean(dealing);
  return shares;
}

/** The key from all packages and the shares dealt to this member (checked before; own place undefined). */
export function finishKey(
  secret: DealerSecret,
  {
    place,
    packages,
    received,
  }: {
    place: DealerPlace;
    packages: readonly Round1Package[];
    received: readonly (Hex | undefined)[];
  },
): { group: GroupPublic; share: KeyShare } {
  const { DKG } = ceremonySuite(place.context);
  const { dealing, others } = enterRound2(secret, place, packages);
  DKG.round2(dealing, others);
  const round2 = packages.flatMap((_, index) => {
    if (index === place.selfIndex) return [];
    const share = received[index];
    assert(share !== undefined, "every dealer's share is here", { index });
    return [{ identifier: frostIdentifier(index), signingShare: hexToBytes(share) }];
  });
  const key = DKG.round3(dealing, others, round2);
  return {
    group: fromFrostPublic(key.public),
    share: { index: place.selfIndex, signingShare: bytesToHex(key.secret.signingShare) },
  };
}

/** A one-time ECDH secret for the share dealt to `receiverIndex`: in [1, n) but for a chance of 2^-128. */
export function ephemeralSecretFor(
  secret: DealerSecret,
  place: DealerPlace,
  receiverIndex: number,
): Uint8Array {
  const rng = seededRng(secret, place, `share to ${receiverIndex}`);
  const scalar = rng(32);
  assert(secp256k1.utils.isValidSecretKey(scalar), "the derived scalar is in range");
  return scalar;
}

function startDealing(
  secret: DealerSecret,
  place: DealerPlace,
): { public: DKG_Round1; secret: DKG_Secret } {
  const signers = { min: place.threshold, max: place.members };
  const rng = seededRng(secret, place, "polynomial");
  return ceremonySuite(place.context).DKG.round1(
    frostIdentifier(place.selfIndex),
    signers,
    undefined,
    rng,
  );
}

function enterRound2(
  secret: DealerSecret,
  place: DealerPlace,
  packages: readonly Round1Package[],
): { dealing: DKG_Secret; others: DKG_Round1[] } {
  assert(packages.length === place.members, "a package of each member");
  const own = startDealing(secret, place);
  const recorded = packages[place.selfIndex];
  assert(
    recorded !== undefined && recorded.commitment[0] === toPackage(own.public).commitment[0],
    "the recorded own package is the one this seed makes",
  );
  const others = packages.flatMap((pkg, index) =>
    index === place.selfIndex ? [] : [fromPackage(index, pkg)],
  );
  return { dealing: own.secret, others };
}

/** HKDF-SHA256 in counter mode over (seed, context, place, label). */
function seededRng(secret: DealerSecret, place: DealerPlace, label: string) {
  const seed = hexToBytes(secret.seed);
  assert(seed.length === 32, "a seed is 32 bytes");
  const info = new TextEncoder().encode(
    `${place.selfIndex}/${place.members}/${place.threshold}/${label}`,
  );
  const key = extract(sha256, seed, hexToBytes(place.context));
  let calls = 0;
  return (length = 32): Uint8Array<ArrayBuffer> => {
    calls += 1;
    assert(calls < 2 ** 16, "few draws");
    const counter = Uint8Array.of(calls >> 8, calls & 0xff);
    return new Uint8Array(expand(sha256, key, concatBytes(counter, info), length));
  };
}

function toPackage(round1: DKG_Round1): Round1Package {
  return {
    commitment: round1.commitment.map((point) => bytesToHex(point)),
    proofOfPossession: bytesToHex(round1.proofOfKnowledge),
  };
}

function fromPackage(index: number, pkg: Round1Package): DKG_Round1 {
  return {
    identifier: frostIdentifier(index),
    commitment: pkg.commitment.map((point) => new Uint8Array(hexToBytes(point))),
    proofOfKnowledge: new Uint8Array(hexToBytes(pkg.proofOfPossession)),
  };
}
