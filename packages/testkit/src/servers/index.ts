export { type AnvilServer, startAnvil } from "./anvil.ts";
export { freePort } from "./child-server.ts";
export { type NatsServer, startNats } from "./nats.ts";
export { type PostgresServer, startPostgres } from "./postgres.ts";
