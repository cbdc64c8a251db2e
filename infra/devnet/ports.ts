/** The ports of the development pool. All are on 127.0.0.1. */
import { listens } from "./child-process.ts";

/** Ports of the shared servers. */
export type ServerPorts = { readonly l1: number; readonly nats: number; readonly postgres: number };

/** Ports of one operator. */
export type OperatorPorts = {
  readonly ordererRpc: number;
  readonly ordererGrpc: number;
  readonly ordererFeed: number;
  readonly ordererHttp: number;
  readonly batcherGrpc: number;
  readonly batcherHttp: number;
  readonly mpcSignerGrpc: number;
  readonly mpcSignerP2p: number;
  readonly mpcSignerHttp: number;
  readonly posConsensusGrpc: number;
  readonly posConsensusChannel: number;
  readonly posConsensusHttp: number;
  readonly l1ProposerGrpc: number;
  readonly l1ProposerHttp: number;
  readonly challengerGrpc: number;
  readonly challengerHttp: number;
};

const defaultBase = 10_000;

/** With the default base L1 is where every tool expects a development node. */
export function serverPorts(base: number): ServerPorts {
  return { l1: base === defaultBase ? 8_545 : base + 5, nats: base + 6, postgres: base + 7 };
}

/** Operator `index` has the hundred ports from base + 100 * (index + 1). */
export function operatorPorts(base: number, index: number): OperatorPorts {
  const first = base + 100 * (index + 1);
  return {
    ordererRpc: first,
    ordererGrpc: first + 1,
    ordererFeed: first + 2,
    ordererHttp: first + 3,
    batcherGrpc: first + 11,
    batcherHttp: first + 13,
    mpcSignerGrpc: first + 21,
    mpcSignerP2p: first + 22,
    mpcSignerHttp: first + 23,
    posConsensusGrpc: first + 31,
    posConsensusChannel: first + 32,
    posConsensusHttp: first + 33,
    l1ProposerGrpc: first + 41,
    l1ProposerHttp: first + 43,
    challengerGrpc: first + 51,
    challengerHttp: first + 53,
  };
}

/** Throws when a port of the pool is taken: another server would be mistaken for ours. */
export async function requireFreePorts(base: number, operators: number): Promise<void> {
  const own = Array.from({ length: operators }, (_, index) =>
    Object.values(operatorPorts(base, index)),
  );
  const ports: number[] = [...Object.values(serverPorts(base)), ...own.flat()];
  const taken = await Promise.all(ports.map(listens));
  const inUse = ports.filter((_, i) => taken[i]);
  if (inUse.length > 0) {
    throw new Error(
      `port ${inUse.join(", ")} is in use: stop what listens there, or give another --port-base`,
    );
  }
}
