/** MpcSignerService: what an operator may see. No secret is reachable from here. */
import { type Key, MpcSignerService } from "@sequorum/proto/mpc";
import { bytesToHex, type Hex, hexToBytes } from "@sequorum/protocol";
import { type GrpcHandler, grpcHandler, RpcError } from "@sequorum/service";
import type { KeyRecord } from "./key-store.ts";

/** What the service answers from. */
export type RpcSource = {
  readonly peerId: string;
  readonly connectedPeers: () => number;
  readonly unusedNonces: () => number;
  readonly keys: () => readonly KeyRecord[];
  readonly findSession: (
    id: Hex,
  ) => Promise<{ state: string; culprits: readonly Hex[] } | undefined>;
};

const bytes = (hex: Hex) => new Uint8Array(hexToBytes(hex));

/** The handler. */
export function mpcSignerRpc(source: RpcSource): GrpcHandler {
  return grpcHandler(MpcSignerService, {
    getStatus: async () => ({
      peerId: source.peerId,
      peers: source.connectedPeers(),
      unusedNonces: source.unusedNonces(),
    }),
    listKeys: async () => ({ keys: source.keys().map(toMessage) }),
    getSession: async ({ sessionId }) => {
      if (sessionId.length !== 32) throw new RpcError("INVALID_ARGUMENT", "SESSION_ID_LENGTH");
      const session = await source.findSession(bytesToHex(sessionId));
      if (session === undefined) throw new RpcError("NOT_FOUND", "SESSION_UNKNOWN");
      return { state: session.state, culprits: session.culprits.map(bytes) };
    },
  });
}

function toMessage(record: KeyRecord): Omit<Key, "$typeName"> {
  return {
    keyId: bytes(record.keyId),
    groupKey: bytes(record.group.groupKey),
    scheme: record.scheme,
    threshold: record.group.threshold,
    identifier: record.selfIndex + 1,
    erased: record.status === "erased",
  };
}
