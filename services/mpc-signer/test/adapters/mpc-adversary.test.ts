/** A registered but Byzantine member on the real MPC channel: it is named, and nobody else is kept waiting. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import type { Hex } from "@sequorum/protocol";
import { type Logger, silentLogger, sleep } from "@sequorum/service";
import { createLibp2p } from "libp2p";
import { frame, messageBytesMax } from "../../src/adapters/framing.ts";
import {
  mpcProtocol,
  openMpcChannel,
  peerIdOfSeed,
  peerMessagesBurst,
  peerMessagesPerSecond,
} from "../../src/adapters/mpc-channel.ts";
import { createRefusalReport } from "../../src/refusals.ts";
import { bytesOf, makeKeys } from "../core/dkg-pool.ts";

const nowhere = "/ip4/127.0.0.1/tcp/9";

async function openNode(t: TestContext, label: string) {
  const stop = new AbortController();
  const received: { from: Hex; bytes: Uint8Array }[] = [];
  const refused: string[] = [];
  const channel = await openMpcChannel({
    identitySeed: bytesOf(`p2p ${label}`),
    listen: "/ip4/127.0.0.1/tcp/0",
    onMessage: (from, bytes) => received.push({ from, bytes }),
    onRefused: (reason, from) => refused.push(`${reason} ${from}`),
    logger: silentLogger,
    signal: stop.signal,
  });
  t.after(async () => {
    stop.abort();
    await channel.close();
  });
  return { channel, address: makeKeys(label).address, received, refused };
}

/** A member's key in the hands of a program that writes whatever it likes. */
async function openByzantine(t: TestContext, label: string, target: string) {
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed("Ed25519", bytesOf(`p2p ${label}`)),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  t.after(() => node.stop());
  return () => node.dialProtocol(multiaddr(target), mpcProtocol);
}

async function scene(t: TestContext) {
  const [own, honest] = [await openNode(t, "own"), await openNode(t, "honest")];
  const liar = makeKeys("liar").address;
  const liarId = await peerIdOfSeed(bytesOf("p2p liar"));
  const target = own.channel.listenAddresses()[0] ?? "";
  own.channel.setPeers([
    { address: honest.address, multiaddr: honest.channel.listenAddresses()[0] ?? "" },
    { address: liar, multiaddr: `${nowhere}/p2p/${liarId}` },
  ]);
  honest.channel.setPeers([{ address: own.address, multiaddr: target }]);
  const dial = await openByzantine(t, "liar", target);
  const ofHonest = () => own.received.filter(({ from }) => from === honest.address).length;
  return { own, honest, liar, dial, ofHonest };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 10_000, `timed out: ${what}`);
    await sleep(20);
  }
}

test("an oversized or empty frame of a member ends its stream and names it; the others are heard, and so is it afterwards", async (t) => {
  const { own, honest, liar, dial, ofHonest } = await scene(t);
  for (const size of [messageBytesMax + 1, 0, 2 ** 32 - 1]) {
    const count = own.refused.length;
    const stream = await dial();
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, size);
    stream.send(prefix);
    await until(() => own.refused.length > count, "the refusal");
    await until(() => stream.status !== "open", "the end of the stream");
  }
  assert.deepEqual([...new Set(own.refused)], [`framing ${liar}`]);
  honest.channel.send(own.address, bytesOf("hello"));
  await until(() => ofHonest() === 1, "the honest member's message");
  (await dial()).send(frame(bytesOf("sorry")));
  await until(
    () => own.received.some(({ from }) => from === liar),
    "a good message of the same member",
  );
});

test("a flood of a member is cut to its rate and names it; another member's messages all arrive", async (t) => {
  const { own, honest, liar, dial, ofHonest } = await scene(t);
  const stream = await dial();
  const message = frame(new Uint8Array(40).fill(1));
  const startedAtMs = Date.now();
  for (let i = 0; i < 5_000; i++) if (!stream.send(message)) await stream.onDrain();
  for (let i = 0; i < 50; i++) honest.channel.send(own.address, bytesOf(`${i}`));
  await until(() => ofHonest() === 50, "the honest member's messages");
  await until(() => own.refused.length > 4_000, "the flood is refused");
  const seconds = (Date.now() - startedAtMs) / 1_000;
  const ofLiar = own.received.filter(({ from }) => from === liar).length;
  assert.ok(
    ofLiar <= peerMessagesBurst + peerMessagesPerSecond * (seconds + 1),
    `${ofLiar} messages`,
  );
  assert.deepEqual([...new Set(own.refused)], [`rate ${liar}`]);
});

test("a member opens no more streams than it needs", async (t) => {
  const { own, honest, dial, ofHonest } = await scene(t);
  const opened = await Promise.allSettled(Array.from({ length: 20 }, dial));
  await sleep(200);
  const open = opened.filter((each) => each.status === "fulfilled" && each.value.status === "open");
  assert.ok(open.length <= 2, `${open.length} streams`);
  honest.channel.send(own.address, bytesOf("hello"));
  await until(() => ofHonest() === 1, "the honest member's message");
});

test("a refusal is counted always, and told with the member's name once a minute", () => {
  const [counted, told]: [string[], unknown[]] = [[], []];
  let nowMs = 0;
  const logger: Logger = { ...silentLogger, warn: (_message, fields) => told.push(fields) };
  const report = createRefusalReport({
    count: (reason) => counted.push(reason),
    logger,
    nowMs: () => nowMs,
  });
  for (let i = 0; i < 3; i++) report("rate", "0x01");
  report("stranger", undefined);
  assert.deepEqual([counted.length, told], [4, [{ member: "0x01", reason: "rate" }]]);
  nowMs = 60_000;
  report("rate", "0x01");
  assert.equal(told.length, 2);
});
