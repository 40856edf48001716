import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// What the authorization server stores belongs to people and clients, who may deal with several orgs: no tenant.

/** `idHash` is SHA-256 of the token or id, which is stored nowhere. */
export interface OidcRecordKey {
  model: string;
  idHash: Buffer;
}

export interface OidcRecord extends OidcRecordKey {
  payload: Record<string, unknown>;
  grantHash: Buffer | null;
  uidHash: Buffer | null;
  /** `null` for what has no end. */
  expiresAt: Date | null;
}

export interface FoundOidcRecord {
  payload: Record<string, unknown>;
  consumedAt: Date | null;
}

export async function upsertOidcRecord(db: Kysely<Tables>, record: OidcRecord): Promise<void> {
  const changing = {
    payload: JSON.stringify(record.payload, storable),
    grant_hash: record.grantHash,
    uid_hash: record.uidHash,
    expires_at: record.expiresAt,
  };
  await db
    .insertInto("oidc_records")
    .values({ model: record.model, id_hash: record.idHash, consumed_at: null, ...changing })
    .onConflict((conflict) => conflict.columns(["model", "id_hash"]).doUpdateSet(changing))
    .execute();
}

/** `false` where there is no such record. Its time stays as it was. */
export async function updateOidcPayload(
  db: Kysely<Tables>,
  { model, idHash }: OidcRecordKey,
  payload: Record<string, unknown>,
): Promise<boolean> {
  const result = await db
    .updateTable("oidc_records")
    .set({ payload: JSON.stringify(payload, storable) })
    .where("model", "=", model)
    .where("id_hash", "=", idHash)
    .where("expires_at", ">", sql<Date>`now()`)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** jsonb holds neither NUL nor half a surrogate pair, and clients send both. */
function storable(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed().replaceAll("\0", "") : value;
}

/** `null` also for what has expired. */
export async function findOidcRecord(
  db: Kysely<Tables>,
  { model, idHash }: OidcRecordKey,
): Promise<FoundOidcRecord | null> {
  const row = await unexpired(db, model).where("id_hash", "=", idHash).executeTakeFirst();
  return row ?? null;
}

/** `uidHash` is SHA-256 of the record's second name. */
export async function findOidcRecordByUid(
  db: Kysely<Tables>,
  { model, uidHash }: { model: string; uidHash: Buffer },
): Promise<FoundOidcRecord | null> {
  const row = await unexpired(db, model).where("uid_hash", "=", uidHash).executeTakeFirst();
  return row ?? null;
}

function unexpired(db: Kysely<Tables>, model: string) {
  return db
    .selectFrom("oidc_records")
    .select(["payload", "consumed_at as consumedAt"])
    .where("model", "=", model)
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", sql<Date>`now()`)]));
}

/**
 * One statement decides who may use a record: the first comer, and whoever comes within `graceSeconds` of the first.
 * The time of the first use stays. `false` for everyone else.
 */
export async function consumeOidcRecord(
  db: Kysely<Tables>,
  { model, idHash }: OidcRecordKey,
  graceSeconds: number,
): Promise<boolean> {
  const result = await db
    .updateTable("oidc_records")
    .set({ consumed_at: sql<Date>`coalesce(consumed_at, now())` })
    .where("model", "=", model)
    .where("id_hash", "=", idHash)
    .where((where) => {
      const isUnused = where("consumed_at", "is", null);
      // Not by the clock: who waited for the first may have begun before it.
      if (graceSeconds === 0) return isUnused;
      const isInGrace = where("consumed_at", ">", sql<Date>`now() - make_interval(secs => ${graceSeconds})`);
      return where.or([isUnused, isInGrace]);
    })
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** `false` where there was none. */
export async function deleteOidcRecord(db: Kysely<Tables>, { model, idHash }: OidcRecordKey): Promise<boolean> {
  const result = await db
    .deleteFrom("oidc_records")
    .where("model", "=", model)
    .where("id_hash", "=", idHash)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

/** Codes and tokens of one grant. Uses the index on `grant_hash`. */
export async function deleteOidcRecordsOfGrant(db: Kysely<Tables>, grantHash: Buffer): Promise<void> {
  await db.deleteFrom("oidc_records").where("grant_hash", "=", grantHash).execute();
}

const EXTENSION_MS_MIN = 60 * 60_000;

/** Keeps a record until about then: what gains less than an hour is left as it is, and nothing is shortened. */
export async function extendOidcRecord(
  db: Kysely<Tables>,
  { model, idHash }: OidcRecordKey,
  expiresAt: Date,
): Promise<void> {
  await db
    .updateTable("oidc_records")
    .set({ expires_at: expiresAt })
    .where("model", "=", model)
    .where("id_hash", "=", idHash)
    .where("expires_at", "<", new Date(expiresAt.getTime() - EXTENSION_MS_MIN))
    .execute();
}

export async function deleteExpiredOidcRecords(db: Kysely<Tables>): Promise<void> {
  await db.deleteFrom("oidc_records").where("expires_at", "<", sql<Date>`now()`).execute();
}

/**
 * Of the clients that have registered themselves and that nobody has used, which end within `unusedSeconds` by themselves,
 * the newest `countMax` stay; management tokens go with their clients.
 */
export async function deleteSurplusClients(
  db: Kysely<Tables>,
  { countMax, unusedSeconds }: { countMax: number; unusedSeconds: number },
): Promise<void> {
  const surplus = db
    .selectFrom("oidc_records")
    .select("id_hash")
    .where("model", "=", "Client")
    .where("expires_at", "<", sql<Date>`now() + make_interval(secs => ${unusedSeconds})`)
    .orderBy("expires_at", "desc")
    .offset(countMax);
  await db.deleteFrom("oidc_records").where("model", "=", "Client").where("id_hash", "in", surplus).execute();
  await db
    .deleteFrom("oidc_records as token")
    .where("token.model", "=", "RegistrationAccessToken")
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("oidc_records as client")
            .select("client.model")
            .where("client.model", "=", "Client")
            .whereRef("client.id_hash", "=", "token.uid_hash"),
        ),
      ),
    )
    .execute();
}
