/** What every service opens first: its schema in Postgres, and the bus whose outbox is in that schema. */
import type { Logger, Resources } from "@sequorum/service";
import { openStore, type Store } from "@sequorum/store";
import { type Bus, openBus } from "./bus.ts";

/** Whose, and where. */
export type StoreAndBusOptions = {
  /** For example "pos-consensus"; the schema is called alike, with `_`. */
  readonly service: string;
  readonly config: {
    readonly postgresUrl: string;
    readonly natsUrl: string;
    readonly operator: string;
  };
  readonly migrations: URL;
  /** Connections of the pool; the store's default when left out. */
  readonly connectionsMax?: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** Opens both; they are closed with the resources, the bus first. Waits for Postgres as `openStore` does. */
export async function openStoreAndBus(
  { service, config, migrations, connectionsMax, signal, logger }: StoreAndBusOptions,
  resources: Resources,
): Promise<{ readonly store: Store; readonly bus: Bus }> {
  const { postgresUrl, natsUrl, operator } = config;
  const store = resources.add(
    await openStore({
      url: postgresUrl,
      schema: service.replaceAll("-", "_"),
      migrations,
      signal,
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
    }),
    (opened) => opened.close(),
  );
  const bus = resources.add(
    await openBus({ natsUrl, operator, service, store, signal, logger }),
    (opened) => opened.close(),
  );
  return { store, bus };
}
