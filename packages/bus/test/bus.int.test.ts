import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { SilenceReason } from "@sequorum/proto/events";
import { silentLogger } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { type NatsServer, startNats, startPostgres } from "@sequorum/testkit/servers";
import { type Bus, openBus } from "../src/index.ts";

const migrations = new URL("./migrations/", import.meta.url);
const silent = (term: bigint) => ({ case: "leaderSilent" as const, value: leaderSilent(term) });
const leaderSilent = (term: bigint) => ({
  $typeName: "sequorum.events.v1alpha1.LeaderSilent" as const,
  term,
  reason: SilenceReason.NO_HEARTBEAT,
});

test("events arrive in order, once in effect, across a restart of the subscriber and the loss of the stream", async (t) => {
  const postgres = await startPostgres();
  let nats = await startNats();
  t.after(async () => {
    await postgres.stop();
    await nats.stop();
  });
  const url = await postgres.createDatabase();
  const signal = new AbortController().signal;
  const open = (service: string, natsServer: NatsServer): Promise<{ bus: Bus; store: Store }> =>
    openService({ url, service, natsUrl: natsServer.url, signal });
  const sender = await open("sender", nats);
  const emit = (term: bigint) =>
    sender.store.transaction((tx) => sender.bus.publish(tx, silent(term)));
  await emit(1n);
  await assert.rejects(
    sender.store.transaction(async (tx) => {
      await sender.bus.publish(tx, silent(666n));
      throw new Error("rolled back");
    }),
  );

  const seen: bigint[] = [];
  const received = new EventTarget();
  const waitFor = async (count: number) => {
    while (seen.length < count)
      await once(received, "event", { signal: AbortSignal.timeout(10_000) });
  };
  let failures = 1;
  const listen = (receiver: { bus: Bus }) =>
    receiver.bus.subscribe({
      from: "sender",
      handle: async ({ payload }) => {
        assert.equal(payload.case, "leaderSilent");
        if (failures-- > 0) throw new Error("not now");
        seen.push(payload.value.term);
        received.dispatchEvent(new Event("event"));
      },
    });
  const receiver = await open("receiver", nats);
  listen(receiver);
  for (const term of [2n, 3n]) await emit(term);
  await waitFor(3);
  await receiver.bus.close();
  await receiver.store.close();

  await emit(4n);
  const restarted = await open("receiver", nats);
  listen(restarted);
  await waitFor(4);
  for (const service of [sender, restarted]) await service.bus.close();

  await nats.stop(); // and its directory with it: everything the stream held is gone
  nats = await startNats();
  await emit(5n);
  const later = await open("sender", nats);
  const again = await open("receiver", nats);
  listen(again);
  await later.store.transaction((tx) => later.bus.publish(tx, silent(6n)));
  await waitFor(6);
  assert.deepEqual(seen, [1n, 2n, 3n, 4n, 5n, 6n]);
  for (const { bus } of [later, again]) await bus.close();
  for (const { store } of [sender, restarted, later, again]) await store.close();
});

async function openService(options: {
  url: string;
  service: string;
  natsUrl: string;
  signal: AbortSignal;
}): Promise<{ bus: Bus; store: Store }> {
  const { url, service, natsUrl, signal } = options;
  const store = await openStore({ url, schema: service, migrations, signal });
  const bus = await openBus({
    natsUrl,
    operator: "test",
    service,
    store,
    signal,
    logger: silentLogger,
  });
  return { bus, store };
}
