/** Keys of this node: public part in Postgres, share in its file, both gone after erasure. */
import { assert, type Epoch, type GroupPublic, type Hex, zeroHash } from "@sequorum/protocol";
import type { Store, Transaction } from "@sequorum/store";
import type { KeyShare } from "../core/dkg/dealer.ts";
import type { SecretFiles } from "./secret-files.ts";

/** A key as this node knows it. */
export type KeyRecord = {
  readonly keyId: Hex;
  readonly epoch: bigint;
  readonly scheme: string;
  readonly group: GroupPublic;
  /** Addresses; FROST identifier i is place i - 1. */
  readonly roster: readonly Hex[];
  readonly selfIndex: number;
  /** EpochUpdate digest computed from the own result. */
  readonly updateDigest: Hex;
  readonly status: "pending" | "active" | "erased";
};

/** Keys by id; active shares are held in memory. */
export type KeyStore = {
  /** Stores share and record; durable when it resolves. */
  add(record: Omit<KeyRecord, "status">, share: KeyShare): Promise<void>;
  activate(keyId: Hex): Promise<void>;
  get(keyId: Hex): KeyRecord | undefined;
  /** SECRET. The share of an active key. */
  shareOf(keyId: Hex): KeyShare | undefined;
  list(): readonly KeyRecord[];
  /** Erases the share and the record's public part, checks that it does not open, keeps the fact. */
  erase(keyId: Hex): Promise<void>;
  /** Erased keys whose erasure the pool has not recorded. */
  unreported(): Promise<readonly Hex[]>;
  erasureRecorded(tx: Transaction, keyId: Hex): Promise<void>;
  /** The next number of a list of nonce commitments; never the same twice. */
  nextGeneration(keyId: Hex): Promise<number>;
  /** Digest of the last epoch update that is registered on L1; zero hash before the first. */
  previousUpdateHash(): Promise<Hex>;
  /** Addresses of the pool's members in index order. */
  members(): Promise<readonly Hex[]>;
  recordMembers(tx: Transaction, epoch: Epoch, addresses: readonly Hex[]): Promise<void>;
  /** An epoch update was decided; the pool may still replace it until L1 registered it. */
  recordUpdate(tx: Transaction, epoch: Epoch, digest: Hex): Promise<void>;
  activateUpdate(tx: Transaction, epoch: Epoch): Promise<void>;
};

/** Loads the keys; a share file of a key that is recorded as erased is erased now. */
export async function openKeyStore(store: Store, files: SecretFiles): Promise<KeyStore> {
  const { sql } = store;
  const records = new Map<Hex, KeyRecord>();
  const shares = new Map<Hex, KeyShare>();
  const rows = await sql`select * from key order by created_at`;
  for (const row of rows) {
    const record = toRecord(row);
    records.set(record.keyId, record);
    if (record.status === "erased") {
      await files.eraseShare(record.keyId);
      continue;
    }
    const share = await files.readShare(record.keyId);
    if (share !== undefined) shares.set(record.keyId, share);
  }
  const setStatus = (keyId: Hex, status: KeyRecord["status"]) => {
    const record = records.get(keyId);
    if (record !== undefined) records.set(keyId, { ...record, status });
  };
  return {
    async add(record, share) {
      await files.writeShare(record.keyId, share);
      await sql`
        insert into key (key_id, epoch, scheme, group_public, roster, self_index, update_digest, status)
        values (${record.keyId}, ${record.epoch}, ${record.scheme}, ${sql.json(record.group as never)},
          ${sql.json(record.roster as never)}, ${record.selfIndex}, ${record.updateDigest}, 'pending')
        on conflict (key_id) do nothing`;
      if (!records.has(record.keyId)) records.set(record.keyId, { ...record, status: "pending" });
      shares.set(record.keyId, share);
    },
    async activate(keyId) {
      assert(records.has(keyId) && shares.has(keyId), "an activated key is stored", { keyId });
      await sql`update key set status = 'active' where key_id = ${keyId} and status = 'pending'`;
      setStatus(keyId, "active");
    },
    get: (keyId) => records.get(keyId),
    shareOf: (keyId) => (records.get(keyId)?.status === "active" ? shares.get(keyId) : undefined),
    list: () => [...records.values()].reverse(),
    async erase(keyId) {
      shares.delete(keyId);
      await files.eraseShare(keyId);
      await sql`
        update key set status = 'erased',
          group_public = jsonb_build_object('threshold', group_public -> 'threshold', 'groupKey', group_public -> 'groupKey',
            'commitment', '[]'::jsonb, 'verifyingShares', '[]'::jsonb)
        where key_id = ${keyId}`;
      setStatus(keyId, "erased");
      assert((await files.readShare(keyId)) === undefined, "an erased share does not open", {
        keyId,
      });
    },
    async unreported() {
      const rows =
        await sql`select key_id from key where status = 'erased' and not erasure_recorded`;
      return rows.map((row) => row["key_id"] as Hex);
    },
    async erasureRecorded(tx, keyId) {
      await tx`update key set erasure_recorded = true where key_id = ${keyId} and status = 'erased'`;
    },
    async nextGeneration(keyId) {
      const [row] = await sql`
        update key set nonce_generation = nonce_generation + 1 where key_id = ${keyId} returning nonce_generation`;
      assert(row !== undefined, "the key is stored", { keyId });
      return Number(row["nonce_generation"]);
    },
    async previousUpdateHash() {
      const [row] =
        await sql`select digest from epoch_update where activated order by epoch desc limit 1`;
      return row === undefined ? zeroHash : (row["digest"] as Hex);
    },
    async members() {
      const [row] = await sql`select addresses from member_set order by epoch desc limit 1`;
      return (row?.["addresses"] as readonly Hex[] | undefined) ?? [];
    },
    async recordMembers(tx, epoch, addresses) {
      await tx`
        insert into member_set (epoch, addresses) values (${epoch}, ${tx.json(addresses as never)})
        on conflict (epoch) do update set addresses = excluded.addresses`;
    },
    async recordUpdate(tx, epoch, digest) {
      await tx`
        insert into epoch_update (epoch, digest) values (${epoch}, ${digest})
        on conflict (epoch) do update set digest = excluded.digest`;
    },
    async activateUpdate(tx, epoch) {
      await tx`update epoch_update set activated = true where epoch = ${epoch}`;
    },
  };
}

function toRecord(row: Record<string, unknown>): KeyRecord {
  return {
    keyId: row["key_id"] as Hex,
    epoch: BigInt(row["epoch"] as bigint),
    scheme: row["scheme"] as string,
    group: row["group_public"] as GroupPublic,
    roster: row["roster"] as readonly Hex[],
    selfIndex: Number(row["self_index"]),
    updateDigest: row["update_digest"] as Hex,
    status: row["status"] as KeyRecord["status"],
  };
}
