import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { concatBytes, type Hex } from "@sequorum/protocol";
import { silentLogger } from "@sequorum/service";
import {
  createFrameReader,
  createRateLimit,
  frame,
  messageBytesMax,
} from "../../src/adapters/framing.ts";
import {
  type MpcChannel,
  openMpcChannel,
  peerIdOf,
  peerIdOfSeed,
} from "../../src/adapters/mpc-channel.ts";
import { decodeMpcMessage, encodeMpcMessage } from "../../src/adapters/mpc-messages.ts";
import {
  createUnopenedMessages,
  unopenedMessageAgeMsMax,
  unopenedMessagesPerPeerMax,
} from "../../src/unopened-messages.ts";
import { bytesOf, makeKeys } from "../core/dkg-pool.ts";

type Node = {
  channel: MpcChannel;
  address: Hex;
  received: { from: Hex; text: string }[];
  refused: string[];
};

async function openNode(
  t: TestContext,
  label: string,
  listen = "/ip4/127.0.0.1/tcp/0",
): Promise<Node> {
  const stop = new AbortController();
  const received: Node["received"] = [];
  const refused: string[] = [];
  const channel = await openMpcChannel({
    identitySeed: bytesOf(`p2p ${label}`),
    listen,
    onMessage: (from, message) => received.push({ from, text: new TextDecoder().decode(message) }),
    onRefused: (reason) => refused.push(reason),
    logger: silentLogger,
    signal: stop.signal,
  });
  t.after(async () => {
    stop.abort();
    await channel.close();
  });
  return { channel, address: makeKeys(label).address, received, refused };
}

const peerOf = ({ channel, address }: Node) => ({
  address,
  multiaddr: channel.listenAddresses()[0] ?? "",
});

function connect(nodes: readonly Node[]): void {
  for (const node of nodes) node.channel.setPeers(nodes.map(peerOf));
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    assert.ok(waited < 10_000, `timed out: ${what}`);
    await delay(20);
  }
}

const text = (value: string) => new TextEncoder().encode(value);

test("members reach each other, in order, and the sender is the authenticated peer", async (t) => {
  const nodes = [await openNode(t, "a"), await openNode(t, "b"), await openNode(t, "c")];
  connect(nodes);
  const [a, b, c] = nodes;
  assert.ok(a && b && c);
  for (let i = 0; i < 20; i++) a.channel.send(b.address, text(`${i}`));
  c.channel.send(b.address, text("from c"));
  await until(() => b.received.length === 21, "all messages");
  assert.deepEqual(
    b.received.filter(({ from }) => from === a.address).map(({ text }) => text),
    [...Array(20).keys()].map(String),
  );
  assert.equal(b.received.filter(({ from }) => from === c.address).length, 1);
  await until(
    () => nodes.every(({ channel }) => channel.connectedPeers().length === 2),
    "the mesh",
  );
});

test("a peer that is not registered is refused, and a member that leaves is disconnected", async (t) => {
  const [a, b, stranger] = [
    await openNode(t, "a"),
    await openNode(t, "b"),
    await openNode(t, "stranger"),
  ];
  connect([a, b]);
  stranger.channel.setPeers([peerOf(a)]);
  stranger.channel.send(a.address, text("let me in"));
  await until(() => a.refused.includes("stranger"), "refusal");
  a.channel.send(b.address, text("hello"));
  await until(() => b.received.length === 1, "the member's message");
  assert.equal(a.received.length, 0);
  assert.equal(a.channel.send(stranger.address, text("no")), false);
  b.channel.setPeers([]);
  await until(() => !a.channel.connectedPeers().includes(b.address), "disconnection");
});

test("messages queued while a peer is away arrive when it is back", async (t) => {
  const a = await openNode(t, "a");
  const seed = await peerIdOfSeed(bytesOf("p2p b"));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const multiaddr = `/ip4/127.0.0.1/tcp/${port}/p2p/${seed}`;
  const address = makeKeys("b").address;
  a.channel.setPeers([{ address, multiaddr }]);
  a.channel.send(address, text("early"));
  await delay(300);
  const b = await openNode(t, "b", `/ip4/127.0.0.1/tcp/${port}`);
  b.channel.setPeers([peerOf(a)]);
  await until(() => b.received.length === 1, "the queued message");
  assert.equal(b.received[0]?.text, "early");
});

test("a registered address that is garbage is no peer", () => {
  for (const address of ["", "garbage", "/ip4/1.2.3.4/tcp/1", "/ip4/999.1.1.1/tcp/1/p2p/x"])
    assert.equal(peerIdOf(address), undefined);
});

test("frames survive any cut of the byte stream", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (messages, cut) => {
        const bytes = concatBytes(...messages.map(frame));
        const reader = createFrameReader();
        const out: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += cut)
          out.push(...reader.push(bytes.slice(at, at + cut)));
        assert.deepEqual(out, messages);
      },
    ),
    { numRuns: 50 },
  );
});

test("an empty or too large frame is refused before it is buffered", () => {
  for (const size of [0, messageBytesMax + 1, 2 ** 32 - 1]) {
    const prefix = new Uint8Array(4);
    new DataView(prefix.buffer).setUint32(0, size);
    assert.throws(() => createFrameReader().push(prefix), RangeError);
  }
  assert.throws(() => frame(new Uint8Array(messageBytesMax + 1)), RangeError);
});

test("the rate limit lets a burst through and then its rate", () => {
  const limit = createRateLimit({ burst: 3, perSecond: 10 });
  assert.deepEqual(
    [0, 0, 0, 0, 100, 100, 250].map((at) => limit.take(at)),
    [true, true, true, false, true, false, true],
  );
});

test("messages survive their encoding, and garbage is no message", () => {
  const hex = (size: number) =>
    fc
      .uint8Array({ minLength: size, maxLength: size })
      .map((bytes): Hex => `0x${Buffer.from(bytes).toString("hex")}`);
  const body = fc.oneof(
    hex(81).map((ciphertext) => ({ type: "encryptedShare" as const, ciphertext })),
    hex(32).map((share) => ({ type: "signatureShare" as const, share })),
    fc.constant({ type: "shareRequest" as const }),
  );
  fc.assert(
    fc.property(hex(32), body, (sessionId, message) => {
      assert.deepEqual(decodeMpcMessage(encodeMpcMessage({ sessionId, body: message })), {
        sessionId,
        body: message,
      });
    }),
    { numRuns: 50 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const decoded = decodeMpcMessage(bytes);
      assert.ok(decoded === undefined || decoded.sessionId.length === 66);
    }),
    { numRuns: 300 },
  );
});

test("messages for unopened sessions are kept within bounds, and a peer pushes out its own only", () => {
  const kept = createUnopenedMessages<number>();
  const [flooder, quiet, sessionId, other] = [1, 2, 3, 4].map((i): Hex => `0x0${i}`) as [
    Hex,
    Hex,
    Hex,
    Hex,
  ];
  kept.keep({ from: quiet, sessionId, atMs: 0, message: 1 });
  for (let i = 0; i < 10_000; i++)
    kept.keep({ from: flooder, sessionId: other, atMs: 0, message: i });
  assert.equal(kept.size(), unopenedMessagesPerPeerMax + 1);
  assert.deepEqual(
    kept.take(sessionId, 1).map(({ message }) => message),
    [1],
  );
  assert.deepEqual(kept.take(sessionId, 1), []);
  assert.deepEqual(kept.take(other, unopenedMessageAgeMsMax + 1), []);
  assert.equal(kept.size(), 0);
});
