/** Ceremonies in Postgres: the state encrypted under a key that only the ceremony's seed file yields. */
import { randomBytes } from "node:crypto";
import { assert, type Hex, hexToBytes } from "@sequorum/protocol";
import type { Store, Transaction } from "@sequorum/store";
import type { DkgState } from "../core/dkg/state.ts";
import type { SecretFiles } from "./secret-files.ts";
import { openState, sealState } from "./state-encryption.ts";

/** A ceremony that was under way when the process stopped. */
export type StoredCeremony = { readonly state: DkgState; readonly openedAtMs: number };

/** Persistence of ceremonies. */
export type CeremonyStore = {
  load(): Promise<readonly StoredCeremony[]>;
  /** Whether the ceremony was opened here and is not ended by the pool. */
  isKnown(tx: Transaction, ceremonyId: Hex): Promise<boolean>;
  /** The seed, made on first use. */
  seed(ceremonyId: Hex): Promise<Uint8Array>;
  save(state: DkgState, tx?: Transaction): Promise<void>;
  /** Erases seed and state; the empty row stays until the pool ends the ceremony. */
  erase(state: DkgState, tx?: Transaction): Promise<void>;
  /** Removes the row; false when this node was no member. */
  remove(tx: Transaction, ceremonyId: Hex): Promise<boolean>;
  /** The pool voided the ceremony: its erasure is to be reported; false when this node was no member. */
  markErased(tx: Transaction, ceremonyId: Hex): Promise<boolean>;
  /** Void ceremonies whose erasure the pool has not recorded. */
  unreported(): Promise<readonly Hex[]>;
};

/** Over the service's store and secret files. */
export function createCeremonyStore({ sql }: Store, files: SecretFiles): CeremonyStore {
  return {
    async load() {
      const rows =
        await sql`select ceremony_id, state, opened_at from ceremony where state is not null order by opened_at`;
      const loaded: StoredCeremony[] = [];
      for (const row of rows) {
        const ceremonyId = row["ceremony_id"] as Hex;
        const seed = await files.findCeremonySeed(ceremonyId);
        // Without its file the state is unreadable: the ceremony was being erased when the process stopped.
        if (seed === undefined)
          await sql`update ceremony set state = null where ceremony_id = ${ceremonyId}`;
        else {
          const state = openState(row["state"] as Uint8Array, { seed, ceremonyId });
          loaded.push({ state, openedAtMs: (row["opened_at"] as Date).getTime() });
        }
      }
      return loaded;
    },
    async isKnown(tx, ceremonyId) {
      return (await tx`select 1 from ceremony where ceremony_id = ${ceremonyId}`).length > 0;
    },
    seed: (ceremonyId) => files.ceremonySeed(ceremonyId),
    async save(state, tx) {
      const seed = hexToBytes(state.secret.seed);
      const sealed = Buffer.from(sealState(state, seed, new Uint8Array(randomBytes(12))));
      const runner = tx ?? sql;
      const culprits = runner.json(state.blame.map(({ member }) => member) as never);
      await runner`
        insert into ceremony (ceremony_id, phase, state, culprits)
        values (${state.ceremonyId}, ${state.phase}, ${sealed}, ${culprits})
        on conflict (ceremony_id) do update
          set phase = excluded.phase, state = excluded.state, culprits = excluded.culprits`;
    },
    async erase({ ceremonyId, phase }, tx) {
      // File first: without it the state is noise.
      await files.eraseCeremony(ceremonyId);
      const runner = tx ?? sql;
      await runner`update ceremony set state = null, phase = ${phase} where ceremony_id = ${ceremonyId}`;
      assert(
        (await files.findCeremonySeed(ceremonyId)) === undefined,
        "an erased seed does not open",
        { ceremonyId },
      );
    },
    async markErased(tx, ceremonyId) {
      const rows = await tx`
        update ceremony set state = null, phase = 'erased' where ceremony_id = ${ceremonyId} returning 1`;
      return rows.length > 0;
    },
    async unreported() {
      const rows =
        await sql`select ceremony_id from ceremony where phase = 'erased' order by opened_at`;
      return rows.map((row) => row["ceremony_id"] as Hex);
    },
    async remove(tx, ceremonyId) {
      return (
        (await tx`delete from ceremony where ceremony_id = ${ceremonyId} returning 1`).length > 0
      );
    },
  };
}
