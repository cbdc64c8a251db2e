/** Who may speak to this node's feed, and to whom it connects: the members on L1, read again as L1 goes on. */
import { type L1Client, readMembers } from "@sequorum/l1";
import type { Hex, NetworkConfig } from "@sequorum/protocol";
import {
  createGrpcServer,
  describeError,
  type GrpcHandler,
  type Logger,
  type PeerIdentity,
  sleep,
} from "@sequorum/service";
import type { Store } from "@sequorum/store";
import type { FeedClients } from "../adapters/feed-client.ts";
import { type FeedPeer, loadPeers, writePeers } from "../adapters/progress-store.ts";

/** Time between two readings; shorter until there are peers. */
const readIntervalMs = 10_000;
const firstReadIntervalMs = 1_000;

/** What following the members works with. */
export type PeersOptions = {
  readonly network: NetworkConfig;
  readonly client: L1Client;
  readonly store: Store;
  readonly self: Hex;
  readonly identity: PeerIdentity;
  readonly host: string;
  readonly port: number;
  readonly handler: GrpcHandler;
  readonly clients: FeedClients;
  readonly newestOrigin: () => bigint | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
};

/** The feed's server side. */
export type Peers = {
  /** Port of the feed; undefined while no peer is known. */
  port(): number | undefined;
  close(): Promise<void>;
};

/** Starts with the peers of before the restart, then follows L1. */
export async function followPeers(options: PeersOptions): Promise<Peers> {
  const { store, signal, logger, clients } = options;
  const server = createFeedServer(options);
  let known: readonly FeedPeer[] = await loadPeers(store.sql);
  const use = async (peers: readonly FeedPeer[]) => {
    await server.serve(peers);
    clients.setPeers(peers);
  };
  if (known.length > 0) await use(known);
  const run = async () => {
    while (!signal.aborted) {
      try {
        const peers = await readPeers(options);
        if (JSON.stringify(peers) !== JSON.stringify(known)) {
          await store.transaction((tx) => writePeers(tx, peers));
          await use(peers);
          known = peers;
          logger.info("peers of the feed changed", { peers: peers.length });
        }
      } catch (error) {
        if (!signal.aborted)
          logger.debug("members could not be read", { reason: describeError(error) });
      }
      await sleep(known.length === 0 ? firstReadIntervalMs : readIntervalMs, signal).catch(
        () => {},
      );
    }
  };
  const running = run();
  return {
    port: server.port,
    async close() {
      await running;
      await server.close();
    },
  };
}

async function readPeers({
  client,
  network,
  newestOrigin,
  self,
}: PeersOptions): Promise<FeedPeer[]> {
  const at = newestOrigin() ?? network.genesisL1Block;
  const members = await readMembers(
    client,
    network,
    at > network.genesisL1Block ? at : network.genesisL1Block,
  );
  return members
    .filter(
      ({ address, networkIdentity }) =>
        address !== self && networkIdentity.feedCertificate !== "0x",
    )
    .map(({ address, networkIdentity }) => ({
      address,
      endpoint: networkIdentity.feedEndpoint,
      certificate: networkIdentity.feedCertificate,
    }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** The trusted certificates of a listening server are fixed, so new members mean a new server on the same port. */
function createFeedServer({ identity, handler, host, port, logger }: PeersOptions) {
  let server: Awaited<ReturnType<typeof createGrpcServer>> | undefined;
  let bound = port;
  const close = async () => {
    await server?.close();
    server = undefined;
  };
  return {
    port: () => server?.port,
    close,
    async serve(peers: readonly FeedPeer[]) {
      await close();
      if (peers.length === 0) return;
      server = await createGrpcServer({
        port: bound,
        host,
        services: [handler],
        tls: { identity, peers },
        logger,
      });
      bound = server.port;
    },
  };
}
