import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  epochUpdateDigest,
  frostSchemeId,
  type Hex,
  keccak256,
  membersHash,
  recoverAddress,
  verifySchnorr,
  zeroHash,
} from "@sequorum/protocol";
import { type PostgresServer, startPostgres } from "@sequorum/testkit/servers";
import { createSigningStore, NonceAlreadySpentError } from "../src/adapters/signing-store.ts";
import { testDomain } from "./core/dkg-pool.ts";
import { SignerCluster } from "./signer-cluster.ts";

let postgres: PostgresServer;
let cluster: SignerCluster;
let keyId: Hex;
const digestOf = (label: string) => keccak256(new TextEncoder().encode(label));

before(async () => {
  postgres = await startPostgres();
  cluster = await SignerCluster.create({
    n: 5,
    basePort: 21_000 + Math.floor(Math.random() * 8_000),
    databaseUrl: (index) => postgres.createDatabase(`signer_${index}`),
  });
  await cluster.startAll();
});
after(async () => {
  await cluster?.stopAll();
  await postgres?.stop();
});

test("five signers over libp2p make a key, and each confirms the EpochUpdate digest with its sequencer key", async () => {
  keyId = await cluster.makeKey("first");
  const key = cluster.pool.keys.get(keyId);
  assert.ok(key);
  const digest = epochUpdateDigest(
    {
      epoch: 1n,
      schemeId: frostSchemeId,
      threshold: 4,
      membersHash: membersHash(key.roster),
      groupKeyHash: keccak256(key.groupKey),
      previousUpdateHash: zeroHash,
    },
    testDomain,
  );
  for (const { from, payload } of cluster.pool.payloads) {
    if (payload.type === "ceremonyConfirmation")
      assert.equal(recoverAddress(digest, payload.signature), from);
  }
  cluster.pool.sign(keyId, { digest, purpose: { type: "epoch", epoch: 1n } });
  await cluster.until(() => cluster.pool.signed.has(digest), "the proof of possession");
});

test("a finished ceremony leaves one share file a member and no seed, mode 0600", async () => {
  for (const { directory, index } of cluster.nodes) {
    assert.deepEqual(await readdir(directory), [`mpc-share-${keyId.slice(2)}.json`]);
    const rows = await cluster.sql(index)`select count(*)::int as n from ceremony`;
    assert.equal(rows[0]?.["n"], 0);
  }
});

test("a batch digest that every batcher endorsed is signed, and the signature is submitted once in time", async () => {
  for (let i = 1; i <= 3; i++) {
    const digest = digestOf(`batch ${i}`);
    cluster.endorse(BigInt(i), digest);
    cluster.pool.sign(keyId, { digest, purpose: { type: "batch", index: BigInt(i), attempt: 0 } });
    await cluster.until(() => cluster.pool.signed.has(digest), `batch ${i}`);
    const key = cluster.pool.keys.get(keyId);
    assert.ok(
      verifySchnorr(
        key?.groupKey ?? "0x",
        digest,
        cluster.pool.signed.get(digest)?.signature as never,
      ),
    );
  }
  assert.ok(
    cluster.pool.payloads.filter(({ payload }) => payload.type === "groupSignature").length <= 8,
    "the others held back",
  );
});

test("several sessions at once are signed with different nonces", async () => {
  const digests = Array.from({ length: 8 }, (_, i) => digestOf(`parallel ${i}`));
  for (const [i, digest] of digests.entries()) {
    cluster.endorse(BigInt(100 + i), digest);
    cluster.pool.sign(keyId, {
      digest,
      purpose: { type: "batch", index: BigInt(100 + i), attempt: 0 },
    });
  }
  await cluster.until(
    () => digests.every((digest) => cluster.pool.signed.has(digest)),
    "all of them",
  );
  for (const { index } of cluster.nodes) {
    const rows = await cluster.sql(
      index,
    )`select count(*)::int as n, count(distinct hiding)::int as d from spent_nonce`;
    assert.equal(rows[0]?.["n"], rows[0]?.["d"]);
  }
});

test("a signer whose batcher endorsed another digest refuses, is reported, and the next attempt goes on without it", async () => {
  const digest = digestOf("disputed");
  cluster.endorse(20n, digest, [0, 2, 3, 4]);
  cluster.endorse(20n, digestOf("other"), [1]);
  cluster.pool.sign(keyId, { digest, purpose: { type: "batch", index: 20n, attempt: 0 } });
  await cluster.until(() => cluster.pool.signed.has(digest), "the second attempt");
  assert.equal(cluster.pool.signed.get(digest)?.attempt, 1);
  const rows = await cluster.sql(1)`select refusal from signing_session where digest = ${digest}`;
  assert.deepEqual(
    rows.map((row) => row["refusal"]),
    ["DIGEST_DIFFERS"],
  );
});

test("a session that is opened again with another digest is refused, and so is the same decision twice", async () => {
  const opened = cluster.pool.log.findLast(({ type }) => type === "signingSessionOpened");
  assert.ok(opened?.type === "signingSessionOpened");
  const before = cluster.pool.payloads.length;
  const spent = async () =>
    Promise.all(
      cluster.nodes.map(
        async ({ index }) =>
          (await cluster.sql(index)`select count(*)::int as n from spent_nonce`)?.[0]?.["n"],
      ),
    );
  const spentBefore = await spent();
  const evil = digestOf("evil");
  cluster.endorse(20n, evil);
  const { timeMs: _, ...again } = opened;
  cluster.pool.decide({ ...again, digest: evil, deadlineMs: Date.now() + 1_500 });
  cluster.pool.decide({ ...again, deadlineMs: Date.now() + 1_500 });
  await cluster.until(
    () => cluster.nodes.every(({ cursor }) => cursor === cluster.pool.log.length),
    "delivery",
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(cluster.pool.payloads.length, before);
  assert.deepEqual(await spent(), spentBefore);
});

test("a restarted signer has lost its nonces, publishes a new generation and signs again", async () => {
  const node = cluster.node(2);
  const unusedBefore = cluster.pool.unused.get(`${keyId}${node.keys.address}`)?.[0];
  await node.running?.stop();
  await cluster.start(2);
  await cluster.until(
    () =>
      (cluster.pool.unused.get(`${keyId}${node.keys.address}`)?.[0]?.generation ?? 0) >
      (unusedBefore?.generation ?? 0),
    "a new generation",
  );
  const digest = digestOf("after restart");
  cluster.endorse(30n, digest);
  cluster.pool.sign(keyId, {
    digest,
    purpose: { type: "batch", index: 30n, attempt: 0 },
    excluded: [cluster.node(4).keys.address],
  });
  await cluster.until(
    () => cluster.pool.signed.has(digest),
    "a signature with the restarted member",
  );
  assert.equal(cluster.pool.signed.get(digest)?.attempt, 0);
});

test("a restarted signer does not answer a session that was assigned a nonce of its former life", async () => {
  const node = cluster.node(3);
  const digest = digestOf("stale nonce");
  cluster.endorse(31n, digest);
  await node.running?.stop();
  cluster.pool.sign(keyId, { digest, purpose: { type: "batch", index: 31n, attempt: 0 } });
  await cluster.start(3);
  await cluster.until(() => cluster.pool.signed.has(digest), "the attempt without it");
  assert.ok((cluster.pool.signed.get(digest)?.attempt ?? 0) >= 1);
  const rows = await cluster.sql(
    3,
  )`select share, refusal from signing_session where digest = ${digest} order by opened_at`;
  assert.deepEqual(rows[0], { share: null, refusal: "NONCE_UNAVAILABLE" });
});

test("S6 a signer that crashed after its share was marked sends the same share again and the attempt succeeds", async () => {
  const digest = digestOf("crash after the mark");
  const late = cluster.node(3);
  cluster.endorse(32n, digest, [0, 1, 2]);
  const sessionId = cluster.pool.sign(keyId, {
    digest,
    purpose: { type: "batch", index: 32n, attempt: 0 },
    excluded: [cluster.node(4).keys.address],
    timeoutMs: 30_000,
  });
  const marked = async () => {
    const [row] = await cluster.sql(
      0,
    )`select share from signing_session where session_id = ${sessionId}`;
    return row?.["share"] ?? null;
  };
  while ((await marked()) === null) await new Promise((resolve) => setTimeout(resolve, 20));
  const share = await marked();
  await cluster.node(0).running?.stop();
  await cluster.start(0);
  assert.equal(await marked(), share);
  cluster.endorse(32n, digest, [late.index]);
  await cluster.until(() => cluster.pool.signed.has(digest), "the signature");
  assert.equal(cluster.pool.signed.get(digest)?.attempt, 0);
});

test("S6 neither a spent nonce nor a session that has its share can be marked again", async () => {
  const { running } = cluster.node(0);
  assert.ok(running);
  const store = createSigningStore(running.store);
  const [spent] = await cluster.sql(0)`select * from spent_nonce limit 1`;
  assert.ok(spent);
  const signer = (hiding: Hex, binding: Hex) => ({
    member: cluster.node(0).keys.address,
    identifier: 1,
    generation: 1,
    commitmentIndex: 0,
    hiding,
    binding,
  });
  const fresh: Hex = `0x02${"77".repeat(32)}`;
  const {
    session_id: sessionId,
    digest,
    hiding,
    binding,
  } = spent as unknown as Record<string, Hex>;
  assert.ok(sessionId && digest && hiding && binding);
  const share: Hex = `0x${"01".repeat(32)}`;
  const other: Hex = `0x${"0e".repeat(32)}`;
  for (const [session, first, second] of [
    [{ sessionId: other, digest }, hiding, binding],
    [{ sessionId: other, digest }, fresh, binding],
    [{ sessionId, digest }, fresh, fresh],
    [{ sessionId: other, digest }, fresh, fresh],
  ] as const) {
    await assert.rejects(
      store.spend(session, signer(first, second), share),
      NonceAlreadySpentError,
    );
  }
  const [count] = await cluster.sql(
    0,
  )`select count(*)::int as n from spent_nonce where hiding = ${fresh}`;
  assert.equal(count?.["n"], 0, "nothing is written when a mark fails");
});

test("nonces are refilled before they run out", async () => {
  const generations = () =>
    cluster.pool.payloads.filter(({ payload }) => payload.type === "nonceCommitments").length;
  const before = generations();
  for (let i = 0; i < 40; i++) {
    const digest = digestOf(`many ${i}`);
    cluster.endorse(BigInt(200 + i), digest);
    cluster.pool.sign(keyId, {
      digest,
      purpose: { type: "batch", index: BigInt(200 + i), attempt: 0 },
    });
    await cluster.until(() => cluster.pool.signed.has(digest), `signature ${i}`);
  }
  assert.ok(generations() > before);
});

test("no secret is in Postgres, in the payloads or in the answers of the service", async () => {
  const shares = await Promise.all(
    cluster.nodes.map(async ({ directory }) =>
      readFile(join(directory, `mpc-share-${keyId.slice(2)}.json`), "utf8"),
    ),
  );
  assert.ok(shares.every((file) => !file.includes("signingShare")));
  for (const { running, index } of cluster.nodes) {
    const keys = running?.signer.rpc.keys() ?? [];
    assert.ok(
      !JSON.stringify(keys, (_, v) => (typeof v === "bigint" ? `${v}` : v)).includes(
        "signingShare",
      ),
    );
    const columns = await cluster.sql(index)`
      select column_name from information_schema.columns where table_schema = 'mpc_signer' and table_name = 'key'`;
    assert.ok(columns.every((row) => !/secret|private/.test(String(row["column_name"]))));
  }
});

test("a signer that is away during round 2 gets its shares when it is back, without a complaint", async () => {
  const before = cluster.pool.log.length;
  const node = cluster.node(1);
  const ceremony = cluster.pool.openCeremony("with a crash");
  await cluster.until(
    () =>
      cluster.pool.payloads.filter(
        ({ payload }) => payload.type === "dkgRound1" && payload.ceremonyId === ceremony,
      ).length === 5,
    "round 1",
  );
  await node.running?.stop();
  await cluster.start(1);
  await cluster.until(() => cluster.pool.keys.has(ceremony), "the key in spite of the crash");
  assert.ok(!cluster.pool.log.slice(before).some(({ type }) => type === "ceremonyFailed"));
});

test("a retired key is erased: the file is gone, the record says so, the pool is told, and nothing is signed any more", async () => {
  cluster.pool.decide({ type: "keyRetired", keyId });
  await cluster.until(
    () => cluster.pool.erasures.filter((e) => e.keyId === keyId).length === 5,
    "five reports",
  );
  for (const { directory, running } of cluster.nodes) {
    assert.ok(!(await readdir(directory)).some((file) => file.includes(keyId.slice(2))));
    const record = running?.signer.rpc.keys().find((key) => key.keyId === keyId);
    assert.equal(record?.status, "erased");
    assert.deepEqual(
      record?.group.verifyingShares.length === 0 || record?.status === "erased",
      true,
    );
  }
});

test("M8 a failed ceremony leaves nothing and is reported as erased", async () => {
  const ceremony = cluster.pool.openCeremony("fails");
  cluster.pool.failCeremony(ceremony, [cluster.node(0).keys.address]);
  await cluster.until(
    () => cluster.pool.erasures.filter((e) => e.keyId === ceremony).length === 5,
    "five reports",
  );
  await cluster.until(
    () => cluster.nodes.every(({ cursor }) => cursor === cluster.pool.log.length),
    "the record of the erasures",
  );
  for (const { directory, index } of cluster.nodes) {
    assert.ok(!(await readdir(directory)).some((file) => file.includes(ceremony.slice(2))));
    const rows = await cluster.sql(
      index,
    )`select count(*)::int as n from ceremony where ceremony_id = ${ceremony}`;
    assert.equal(rows[0]?.["n"], 0);
  }
});
