/** The pool's members: read from L1 at the genesis block once, then from the own store; their endpoints from L1's head. */
import { type L1Client, type Member, readMembers, toL1Error } from "@sequorum/l1";
import type { Hex, NetworkConfig, PoolMember } from "@sequorum/protocol";
import {
  describeError,
  FatalError,
  type Logger,
  RetryableError,
  retry,
  withTimeout,
} from "@sequorum/service";
import type { Store } from "@sequorum/store";
import { decodeCanonical, encodeCanonical } from "../core/pool/canonical.ts";
import type { PeerEndpoint } from "../engine/engine-options.ts";

/** What is needed to find the members. */
export type MembersOptions = {
  readonly client: L1Client;
  readonly network: NetworkConfig;
  readonly store: Store;
  readonly self: Hex;
  readonly logger: Logger;
  readonly signal: AbortSignal;
};

/** Members of genesis and how to reach the others. */
export type Membership = {
  readonly members: readonly PoolMember[];
  readonly peers: readonly PeerEndpoint[];
};

const headReadTimeoutMs = 10_000;

/** Loads the membership; waits for L1 the first time only. Throws `FatalError` when this operator is not a member. */
export async function loadMembership(options: MembersOptions): Promise<Membership> {
  const genesis = await loadGenesisMembers(options);
  const members = genesis.map(({ address, publicKey, stakeWei }, index) => ({
    index,
    address,
    publicKey,
    stakeWei,
  }));
  if (!members.some(({ address }) => address === options.self)) {
    throw new FatalError(
      `${options.self} is no member of the pool at L1 block ${options.network.genesisL1Block}`,
    );
  }
  const current = await readCurrentIdentities(options);
  const peers = genesis
    .filter(({ address }) => address !== options.self)
    .map(({ address, networkIdentity }) => {
      const identity =
        current.find((member) => member.address === address)?.networkIdentity ?? networkIdentity;
      return {
        address,
        endpoint: identity.consensusEndpoint,
        certificate: identity.consensusCertificate,
      };
    });
  return { members, peers };
}

async function loadGenesisMembers({
  client,
  network,
  store,
  logger,
  signal,
}: MembersOptions): Promise<Member[]> {
  const [row] = await store.sql<{ members: string }[]>`SELECT members FROM pool_genesis`;
  const identity = identityOf(network);
  if (row !== undefined) return restoreMembers(row.members, identity);
  const read = () =>
    readMembers(client, network, network.genesisL1Block).catch((error: unknown) => {
      throw new RetryableError("L1 did not answer", { cause: toL1Error(error) });
    });
  const members = await retry(read, {
    signal,
    baseMs: 200,
    capMs: 5_000,
    onFailure: (error) => logger.warn("members not read yet", { reason: describeError(error) }),
  });
  if (members.length === 0)
    throw new FatalError(`L1 has no members at block ${network.genesisL1Block}`);
  const text = encodeCanonical({ identity, members });
  await store.sql`INSERT INTO pool_genesis (members) VALUES (${text}) ON CONFLICT DO NOTHING`;
  return members;
}

/** Operators move: endpoints and certificates are those of now, if L1 answers; else those of genesis. */
async function readCurrentIdentities({
  client,
  network,
  logger,
}: MembersOptions): Promise<readonly Member[]> {
  try {
    const head = await withTimeout(client.getBlockNumber(), headReadTimeoutMs, "reading L1's head");
    const depth = BigInt(network.parameters.l1ConfirmationDepth);
    const at = head - depth > network.genesisL1Block ? head - depth : network.genesisL1Block;
    return await withTimeout(
      readMembers(client, network, at),
      headReadTimeoutMs,
      "reading the members",
    );
  } catch (error) {
    logger.warn("endpoints of genesis are used", { reason: describeError(error) });
    return [];
  }
}

/** What tells one network from another on the same database. */
function identityOf({ l1ChainId, contracts, genesisL1Block }: NetworkConfig): string {
  return `${l1ChainId}/${contracts.rollupChain}/${genesisL1Block}`;
}

function restoreMembers(text: string, identity: string): Member[] {
  const stored = decodeCanonical(text) as { readonly identity: string; readonly members: Member[] };
  if (stored.identity === identity) return stored.members;
  throw new FatalError(
    "the database belongs to another network: give this network a database of its own",
  );
}
