/** Checks a batch's L1 proof as the contracts do (T1): group signature, endorsements, their number and stake. */
import type { Hex, IndexedEndorsement } from "@sequorum/protocol";
import {
  decodeEndorsements,
  decodeFrostProof,
  ecdsaSchemeId,
  frostSchemeId,
  hasQuorum,
  quorum,
  recoverAddress,
  verifySchnorr,
} from "@sequorum/protocol";
import type { EpochKey } from "./state.ts";

/** What is wrong with the proof, in words; undefined when it holds. */
export function findProofFault(proof: Hex, digest: Hex, key: EpochKey): string | undefined {
  if (key.schemeId === frostSchemeId) {
    const decoded = decodeFrostProof(proof);
    if (decoded === undefined) return "proof is malformed";
    if (!verifySchnorr(key.groupKey, digest, decoded.signature)) return "group signature is wrong";
    return findEndorsementFault(decoded.endorsements, digest, key);
  }
  if (key.schemeId === ecdsaSchemeId) {
    const endorsements = decodeEndorsements(proof);
    return endorsements === undefined
      ? "proof is malformed"
      : findEndorsementFault(endorsements, digest, key);
  }
  return `signature scheme ${key.schemeId} is unknown`;
}

function findEndorsementFault(
  endorsements: readonly IndexedEndorsement[],
  digest: Hex,
  { members }: EpochKey,
): string | undefined {
  let stakeWei = 0n;
  for (const { index, signature } of endorsements) {
    const member = members[index];
    if (member === undefined) return `there is no member ${index}`;
    if (recoverAddress(digest, signature) !== member.address)
      return `endorsement of member ${index} is wrong`;
    stakeWei += member.stakeWei;
  }
  if (endorsements.length < quorum(members.length))
    return `${endorsements.length} endorsements are too few`;
  const totalWei = members.reduce((total, member) => total + member.stakeWei, 0n);
  return hasQuorum(stakeWei, totalWei) ? undefined : "endorsers hold too little stake";
}
