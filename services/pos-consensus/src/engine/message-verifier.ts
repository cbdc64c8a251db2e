/** Signatures and block ids of incoming messages. What was verified once is remembered. */
import {
  bodyMatchesHeader,
  type CommitCertificate,
  findCertificateFault,
  type Hex,
  hashCommitCertificate,
  hashValidators,
  type PosBlock,
  posBlockId,
  proposalDigest,
  recoverAddress,
  type SignedProposal,
  type SignedVote,
  type SigningDomain,
  type Validator,
  voteDigest,
} from "@sequorum/protocol";
import type { FindCertificateFault } from "../core/tendermint/block-validity.ts";
import { type IncomingMessage, MalformedMessage } from "./peer-message.ts";

/** Verifies; throws `MalformedMessage` when a signature or a commitment does not hold. */
export type MessageVerifier = {
  readonly verifyVote: (vote: SignedVote) => SignedVote;
  readonly verifyProposal: (
    message: Extract<IncomingMessage, { type: "proposal" }>,
  ) => SignedProposal;
  /** Whether a decided block is what its certificate says. */
  readonly isCommitOf: (certificate: CommitCertificate, block: PosBlock) => boolean;
  readonly certificateFault: FindCertificateFault;
};

const rememberedMax = 8_192;

/** Creates a verifier for one signing domain. */
export function createMessageVerifier(domain: SigningDomain): MessageVerifier {
  const votes = createMemory();
  const certificates = createMemory();
  return {
    verifyVote: (vote) => {
      const key = `${vote.type}/${vote.height}/${vote.round}/${vote.blockId}/${vote.signature}`;
      const signer = votes.recall(key) ?? recoverAddress(voteDigest(domain, vote), vote.signature);
      if (signer !== vote.validator) throw new MalformedMessage("vote is not signed by its voter");
      votes.remember(key, signer);
      return vote;
    },
    verifyProposal: ({ proposal, block }) => {
      const whole = block.header.height === proposal.height && bodyMatchesHeader(block);
      if (!whole) throw new MalformedMessage("block does not match its header");
      const signed: SignedProposal = { ...proposal, blockId: posBlockId(domain, block.header) };
      const signer = recoverAddress(proposalDigest(domain, signed), signed.signature);
      if (signer !== proposal.proposer) {
        throw new MalformedMessage("proposal is not signed by its proposer");
      }
      return signed;
    },
    isCommitOf: (certificate, block) =>
      block.header.height === certificate.height &&
      bodyMatchesHeader(block) &&
      posBlockId(domain, block.header) === certificate.blockId,
    certificateFault: (certificate, validators: readonly Validator[]) => {
      const key = `${hashCommitCertificate(certificate)}/${hashValidators(validators)}`;
      if (certificates.recall(key) !== undefined) return undefined;
      const fault = findCertificateFault(domain, certificate, validators);
      if (fault === undefined) certificates.remember(key, "0x");
      return fault;
    },
  };
}

/** Forgets the older half when full. */
function createMemory(): {
  recall: (key: string) => Hex | undefined;
  remember: (key: string, value: Hex) => void;
} {
  let recent = new Map<string, Hex>();
  let older = new Map<string, Hex>();
  return {
    recall: (key) => recent.get(key) ?? older.get(key),
    remember: (key, value) => {
      recent.set(key, value);
      if (recent.size < rememberedMax / 2) return;
      older = recent;
      recent = new Map();
    },
  };
}
