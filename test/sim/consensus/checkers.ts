/** What must be true after a run, whatever happened in it. Numbers: tendermint/README.md. */
import assert from "node:assert/strict";
import type { SignedVote } from "@sequorum/protocol";
import type { Run } from "./scenario.ts";
import { isValidContent } from "./sim-app.ts";
import { blockIdOf, certificateFault } from "./sim-crypto.ts";
import type { SimNode } from "./sim-node.ts";

/** P1: no two honest validators decide differently; P5: what is decided is valid and certified. */
export function checkSafety(run: Run): void {
  const honest = run.nodes.filter((node) => node.isHonest);
  const decided = new Map<number, string>();
  for (const node of honest) {
    for (const [i, { block, certificate }] of node.disk.chain.entries()) {
      const blockId = blockIdOf(block);
      const other = decided.get(i) ?? blockId;
      assert.equal(blockId, other, `P1 two blocks decided at height ${i + 1}`);
      decided.set(i, other);
      assert.equal(certificate.blockId, blockId, "P5 the certificate is for the block");
      assert.equal(
        certificateFault(certificate, run.validatorsAt(BigInt(i + 1))),
        undefined,
        "P5 certificate",
      );
      assert.ok(isValidContent(block), `P5 invalid content at height ${i + 1}`);
    }
  }
  for (const node of honest) checkNoDoubleVote(node);
  checkEvidence(run);
}

/** P6: every honest validator reaches the target after GST. */
export function checkLiveness(run: Run): void {
  const heights = run.nodes.map((node) => `${node.disk.chain.length}${node.isHonest ? "" : "*"}`);
  assert.ok(run.isLive, `P6 no progress by ${run.endMs} ms: heights ${heights.join(" ")}`);
}

/** P2 (T5): an honest validator never signs two votes for one (height, round, type), across all its restarts. */
function checkNoDoubleVote(node: SimNode): void {
  const first = new Map<string, SignedVote>();
  for (const vote of node.votesSent) {
    const key = `${vote.type}/${vote.height}/${vote.round}`;
    const before = first.get(key) ?? vote;
    assert.equal(vote.blockId, before.blockId, `P2 double vote by an honest validator: ${key}`);
    first.set(key, before);
  }
}

/** P7: evidence is two votes of one Byzantine validator that differ in the block only. */
function checkEvidence(run: Run): void {
  const byzantine = new Set(run.nodes.filter((n) => !n.isHonest).map((n) => n.key.address));
  for (const node of run.nodes.filter((n) => n.isHonest)) {
    for (const { first, second } of node.doubleVotes) {
      assert.ok(byzantine.has(first.validator), "P7 evidence against an honest validator");
      assert.equal(first.validator, second.validator);
      assert.deepEqual(
        [first.type, first.height, first.round],
        [second.type, second.height, second.round],
      );
      assert.notEqual(first.blockId, second.blockId, "P7 votes that agree are no evidence");
    }
  }
}
