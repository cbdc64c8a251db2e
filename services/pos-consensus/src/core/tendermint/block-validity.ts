/** The rules of the chain that need no application: what a block must be to follow its parent. */
import {
  bodyMatchesHeader,
  type CommitCertificate,
  findCertificateFault,
  type Hex,
  hashValidators,
  type PosBlock,
  type PosHeight,
  posBlockVersion,
  type SigningDomain,
  type Validator,
  zeroHash,
} from "@sequorum/protocol";

/** The end of the chain, on which the next block builds. */
export type ChainTip = {
  /** Height of the next block. */
  readonly height: PosHeight;
  /** Id and time of the last block; zero and the genesis time before the first. */
  readonly parentId: Hex;
  readonly parentTimestampMs: bigint;
  readonly appHash: Hex;
  readonly validators: readonly Validator[];
  readonly lastValidators: readonly Validator[];
};

/** Checks that certificates hold; a shell may remember what it has checked. */
export type FindCertificateFault = (
  certificate: CommitCertificate,
  validators: readonly Validator[],
) => string | undefined;

/** Why a block does not follow its parent. */
export type BlockFault =
  | "WRONG_VERSION"
  | "WRONG_HEIGHT"
  | "WRONG_PARENT"
  | "TIMESTAMP_NOT_LATER"
  | "PROPOSER_NOT_IN_SET"
  | "WRONG_APP_HASH"
  | "WRONG_VALIDATORS"
  | "BODY_DOES_NOT_MATCH"
  | "LAST_COMMIT_MISSING"
  | "LAST_COMMIT_INVALID";

/** Undefined means that the block follows the chain. */
export function findBlockFault(
  block: PosBlock,
  tip: ChainTip,
  certificateFault: FindCertificateFault,
): BlockFault | undefined {
  const { header } = block;
  if (header.version !== posBlockVersion) return "WRONG_VERSION";
  if (header.height !== tip.height) return "WRONG_HEIGHT";
  if (header.parentId !== tip.parentId) return "WRONG_PARENT";
  if (header.timestampMs <= tip.parentTimestampMs) return "TIMESTAMP_NOT_LATER";
  if (header.appHash !== tip.appHash) return "WRONG_APP_HASH";
  if (header.validatorsHash !== hashValidators(tip.validators)) return "WRONG_VALIDATORS";
  const isMember = tip.validators.some(({ address }) => address === header.proposer);
  if (!isMember) return "PROPOSER_NOT_IN_SET";
  if (!bodyMatchesHeader(block)) return "BODY_DOES_NOT_MATCH";
  return findLastCommitFault(block.lastCommit, tip, certificateFault);
}

/** Certificate check with every signature. */
export function certificateChecker(domain: SigningDomain): FindCertificateFault {
  return (certificate, validators) => findCertificateFault(domain, certificate, validators);
}

function findLastCommitFault(
  lastCommit: CommitCertificate | undefined,
  tip: ChainTip,
  certificateFault: FindCertificateFault,
): BlockFault | undefined {
  const isFirst = tip.parentId === zeroHash;
  if (lastCommit === undefined) return isFirst ? undefined : "LAST_COMMIT_MISSING";
  const isForParent =
    !isFirst && lastCommit.height === tip.height - 1n && lastCommit.blockId === tip.parentId;
  if (!isForParent) return "LAST_COMMIT_INVALID";
  return certificateFault(lastCommit, tip.lastValidators) === undefined
    ? undefined
    : "LAST_COMMIT_INVALID";
}
