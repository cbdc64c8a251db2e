/** A registered but Byzantine peer on the real channel, and strangers. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ConsensusChannelService } from "@sequorum/proto/consensus";
import { hexToBytes, signDigest, voteDigest, type Vote } from "@sequorum/protocol";
import { createGrpcClient, createPeerIdentity } from "@sequorum/service";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import {
  type OutgoingMessage,
  toPeerMessage,
  toTransactionGossip,
} from "../../src/engine/peer-message.ts";
import { clusterDomain } from "./cluster-member.ts";
import { type ClusterNode, createCluster, eventually, transactionOf } from "./engine-cluster.ts";

let postgres: PostgresServer;
let nodes: ClusterNode[];

before(async () => {
  postgres = await startPostgres();
  nodes = await createCluster(postgres, 4);
  await Promise.all(nodes.slice(0, 3).map((node) => node.start()));
});
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await postgres.stop();
});

/** The fourth validator's connection to the first one; resolves to why it ended. */
async function speakAsFourth(
  messages: readonly OutgoingMessage[],
  holdOpenMs: number,
  identity = nodes[3]?.identity,
): Promise<string> {
  const [first] = nodes;
  assert.ok(first && identity);
  const tls = { identity, peerCertificate: first.identity.certificate };
  const client = createGrpcClient(ConsensusChannelService, `127.0.0.1:${first.port}`, { tls });
  async function* requests() {
    for (const message of messages) yield { message };
    await new Promise((resolve) => setTimeout(resolve, holdOpenMs));
  }
  try {
    for await (const _ of client.connect(requests()));
    return "ended";
  } catch (error) {
    return String(error);
  } finally {
    client.close();
  }
}

function signedVote(vote: Vote) {
  const fourth = nodes[3];
  assert.ok(fourth);
  const signature = signDigest(hexToBytes(fourth.privateKey), voteDigest(clusterDomain, vote));
  return { type: "vote", vote: { ...vote, validator: fourth.address, signature } } as const;
}

test("P7 a double vote over the channel is stored as evidence", async () => {
  const [first] = nodes;
  assert.ok(first);
  const height = first.engine().status().height + 1n;
  const vote = { type: "precommit", height, round: 7 } as const;
  const votes = ["11", "22"].map((byte) =>
    signedVote({ ...vote, blockId: `0x${byte.repeat(32)}` }),
  );
  await speakAsFourth(votes.map(toPeerMessage), 300);
  const [evidence] = await first.engine().readDoubleVotes();
  assert.equal(evidence?.first.validator, nodes[3]?.address);
  assert.equal(evidence?.first.blockId, votes[0]?.vote.blockId);
  assert.equal(evidence?.second.blockId, votes[1]?.vote.blockId);
});

test("forged and malformed messages end the connection, and nothing else", async () => {
  const [first] = nodes;
  assert.ok(first);
  const height = first.engine().status().height + 1n;
  const good = signedVote({
    type: "prevote",
    height: 99n,
    round: 0,
    blockId: `0x${"33".repeat(32)}`,
  });
  const forged = toPeerMessage({ ...good, vote: { ...good.vote, height } });
  const malformed: readonly OutgoingMessage[] = [
    forged,
    { message: { case: undefined } },
    { message: { case: "status", value: { height: 1n, round: 0, step: 9 } } },
    { message: { case: "vote", value: { voteType: 3 } } },
    { message: { case: "proposal", value: { height, block: new Uint8Array([1, 2, 3]) } } },
  ];
  for (const message of malformed) {
    assert.match(await speakAsFourth([message], 5_000), /MALFORMED_MESSAGE/);
  }
  first.engine().submitTransaction(transactionOf("still alive"));
  await eventually("three decide", () =>
    nodes
      .slice(0, 3)
      .every((node) => node.engine().appState().included.includes(transactionOf("still alive"))),
  );
});

test("a message beyond the channel's limit ends the connection; stale votes and requests for blocks that nobody has change nothing and end nothing", async () => {
  const [first] = nodes;
  assert.ok(first);
  const huge = {
    message: { case: "proposal", value: { height: 1n, block: new Uint8Array(17 << 20) } },
  };
  assert.doesNotMatch(await speakAsFourth([huge as OutgoingMessage], 5_000), /^ended$/);
  const before = first.engine().status().height;
  const stale = [1n, before].map((height) =>
    toPeerMessage(
      signedVote({ type: "precommit", height, round: 0, blockId: `0x${"44".repeat(32)}` }),
    ),
  );
  const nonsense: readonly OutgoingMessage[] = [1n << 62n, (1n << 64n) - 1n].map((from) => ({
    message: { case: "blockRequest", value: { from, to: (1n << 64n) - 1n } },
  }));
  assert.equal(await speakAsFourth([...stale, ...nonsense, ...stale], 200), "ended");
  assert.deepEqual((await first.engine().readDoubleVotes()).length, 1, "no new evidence");
  first.engine().submitTransaction(transactionOf("after stale votes"));
  await eventually("three decide", () =>
    nodes
      .slice(0, 3)
      .every((node) =>
        node.engine().appState().included.includes(transactionOf("after stale votes")),
      ),
  );
});

test("a stranger's certificate is refused", async () => {
  assert.match(
    await speakAsFourth([], 5_000, createPeerIdentity("stranger")),
    /did not answer|PEER_NOT_REGISTERED/,
  );
});

test("a flood is slowed down and does not stop the chain", async () => {
  const [first] = nodes;
  assert.ok(first);
  const flood = Array.from({ length: 5_000 }, (_, i) =>
    toTransactionGossip([transactionOf(`flood ${i}`)]),
  );
  const flooding = speakAsFourth(flood, 100);
  first.engine().submitTransaction(transactionOf("in the flood"));
  await eventually("it is decided", () =>
    first.engine().appState().included.includes(transactionOf("in the flood")),
  );
  await Promise.race([flooding, new Promise((resolve) => setTimeout(resolve, 100))]);
  for (const node of nodes) assert.deepEqual(node.failures, []);
});

test("a store of another validator or chain is refused", async () => {
  const [, second, , fourth] = nodes;
  assert.ok(second && fourth);
  await second.stop();
  await assert.rejects(second.startAs(fourth), /the store belongs to validator/);
});
