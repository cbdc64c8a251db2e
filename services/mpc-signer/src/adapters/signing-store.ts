/** Signing attempts and spent nonces in Postgres. */
import type { Hex, SessionSigner } from "@sequorum/protocol";
import type { Store, Transaction } from "@sequorum/store";
import type { SigningOpening, SigningState } from "../core/signing/state.ts";

/** How long closed attempts and the marks of their nonces are kept. */
const closedAgeMax = "24 hours";

/** What the store knows of an attempt. */
export type StoredSigning = {
  readonly opening: SigningOpening;
  readonly deadlineMs: number;
  readonly phase: string;
  readonly share: Hex | null;
  readonly culprits: readonly Hex[];
};

/** Signing persistence. */
export type SigningStore = {
  /** Records an opened attempt. `reopened` when its id is known with another digest or roster. */
  record(
    tx: Transaction,
    opening: SigningOpening,
    deadlineMs: number,
  ): Promise<"new" | "known" | "reopened">;
  /** On disk when it resolves: the nonce is spent, the share is this session's. Throws when either was done before. */
  spend(opening: { sessionId: Hex; digest: Hex }, signer: SessionSigner, share: Hex): Promise<void>;
  savePhase(state: SigningState): Promise<void>;
  close(tx: Transaction, sessionId: Hex, culprits: readonly Hex[]): Promise<void>;
  find(sessionId: Hex): Promise<StoredSigning | undefined>;
  /** Attempts that are not closed and whose time is not up. */
  open(nowMs: number): Promise<readonly StoredSigning[]>;
  prune(): Promise<void>;
};

/** Thrown by `spend`: nothing was written and the share must not leave. */
export class NonceAlreadySpentError extends Error {
  constructor(sessionId: Hex, options?: ErrorOptions) {
    super(`session ${sessionId} may not spend this nonce`, options);
    this.name = "NonceAlreadySpentError";
  }
}

const uniqueViolation = "23505";

/** Over the service's store. */
export function createSigningStore(store: Store): SigningStore {
  const { sql } = store;
  return {
    async record(tx, opening, deadlineMs) {
      const stored = JSON.stringify(opening, (_, value) =>
        typeof value === "bigint" ? `bigint:${value}` : value,
      );
      const inserted = await tx`
        insert into signing_session (session_id, key_id, digest, opening, deadline_ms, phase)
        values (${opening.sessionId}, ${opening.keyId}, ${opening.digest}, ${tx.json(JSON.parse(stored))}, ${deadlineMs}, 'checking')
        on conflict (session_id) do nothing returning session_id`;
      if (inserted.length > 0) return "new";
      const [row] =
        await tx`select opening from signing_session where session_id = ${opening.sessionId}`;
      return sameAttempt(revive(row?.["opening"]), opening) ? "known" : "reopened";
    },
    async spend({ sessionId, digest }, { hiding, binding }, share) {
      try {
        await store.transaction(async (tx) => {
          await tx`
            insert into spent_nonce (hiding, binding, session_id, digest) values (${hiding}, ${binding}, ${sessionId}, ${digest})`;
          const updated = await tx`
            update signing_session set share = ${share}, phase = 'collecting'
            where session_id = ${sessionId} and digest = ${digest} and share is null returning session_id`;
          if (updated.length !== 1) throw new NonceAlreadySpentError(sessionId);
        });
      } catch (error) {
        if ((error as { code?: unknown }).code === uniqueViolation)
          throw new NonceAlreadySpentError(sessionId, { cause: error });
        throw error;
      }
    },
    async savePhase({ sessionId, phase, refusal, culprits }) {
      await sql`
        update signing_session set phase = ${phase}, refusal = ${refusal}, culprits = ${sql.json(culprits as never)}
        where session_id = ${sessionId} and phase <> 'closed'`;
    },
    async close(tx, sessionId, culprits) {
      await tx`
        update signing_session set phase = 'closed', culprits = ${tx.json(culprits as never)} where session_id = ${sessionId}`;
    },
    async find(sessionId) {
      const [row] = await sql`select * from signing_session where session_id = ${sessionId}`;
      return row === undefined ? undefined : toStored(row);
    },
    async open(nowMs) {
      const rows =
        await sql`select * from signing_session where phase <> 'closed' and deadline_ms > ${nowMs} order by opened_at`;
      return rows.map(toStored);
    },
    async prune() {
      await sql`
        delete from spent_nonce where session_id in
          (select session_id from signing_session where phase = 'closed' and opened_at < now() - ${closedAgeMax}::interval)`;
      await sql`delete from signing_session where phase = 'closed' and opened_at < now() - ${closedAgeMax}::interval`;
    },
  };
}

function toStored(row: Record<string, unknown>): StoredSigning {
  return {
    opening: revive(row["opening"]),
    deadlineMs: Number(row["deadline_ms"]),
    phase: row["phase"] as string,
    share: row["share"] as Hex | null,
    culprits: row["culprits"] as readonly Hex[],
  };
}

function revive(opening: unknown): SigningOpening {
  return JSON.parse(JSON.stringify(opening), (_, value) =>
    typeof value === "string" && value.startsWith("bigint:")
      ? BigInt(value.slice("bigint:".length))
      : value,
  ) as SigningOpening;
}

function sameAttempt(a: SigningOpening, b: SigningOpening): boolean {
  const key = (o: SigningOpening) =>
    [
      o.keyId,
      o.digest,
      ...o.roster.flatMap(({ identifier, hiding, binding }) => [identifier, hiding, binding]),
    ].join();
  return key(a) === key(b);
}
