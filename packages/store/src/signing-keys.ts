import { Fault } from "@gatehouse/faults";
import { type Kysely, sql, type Transaction } from "kysely";
import { insertPlatformAudit } from "./operators.ts";
import type { Tables } from "./tables.ts";

// The keys sign for the issuer, which is the whole deployment: no tenant.

export interface SigningKey {
  kid: string;
  publicJwk: Record<string, unknown>;
  /** Sealed by the vault. */
  privateJwk: Buffer;
}

export interface PublishedKey {
  kid: string;
  publicJwk: Record<string, unknown>;
  /** Sealed by the vault; `null` once it signs no more. */
  privateJwk: Buffer | null;
  signsFrom: Date | null;
}

/**
 * All that are published, the one to sign with first, as they were at one moment. As `gatehouse_auth`, which alone may read
 * the private halves.
 */
export function listKeys(db: Kysely<Tables>): Promise<PublishedKey[]> {
  return db
    .selectFrom("signing_keys")
    .select(["kid", "public_jwk as publicJwk", "private_jwk as privateJwk", "signs_from as signsFrom"])
    .orderBy(sql`coalesce(signs_from <= now(), false)`, "desc")
    .orderBy("signs_from", (order) => order.desc().nullsLast())
    .execute();
}

/** For those who only check signatures: keys that sign, that have signed what may still be valid, and that will sign. */
export function listPublicKeys(db: Kysely<Tables>): Promise<{ kid: string; publicJwk: Record<string, unknown> }[]> {
  return db.selectFrom("signing_keys").select(["kid", "public_jwk as publicJwk"]).orderBy("created_at").execute();
}

/** Inserts the key to sign with where there is none yet. Of replicas that start at once, one gets its key in. */
export function insertFirstSigningKey(db: Kysely<Tables>, key: SigningKey): Promise<void> {
  return withKeysLocked(db, async (transaction) => {
    const first = await transaction.selectFrom("signing_keys").select("kid").limit(1).executeTakeFirst();
    if (!first) await insertSigningKey(transaction, key, sql<Date>`now()`);
  });
}

/** Publishes the key that is to sign next, where none is. Of replicas that start at once, one gets its key in. */
export function insertNextSigningKey(db: Kysely<Tables>, key: SigningKey): Promise<void> {
  return withKeysLocked(db, async (transaction) => {
    const next = await transaction.selectFrom("signing_keys").select("kid").where("signs_from", "is", null).execute();
    if (next.length === 0) await insertSigningKey(transaction, key, null);
  });
}

/**
 * The next key takes over from the one that signs, at once where it has been published for `publishedAheadSeconds`, or as
 * soon as it has been; `upcoming` becomes the next. Throws `conflict` while another rotation is under way.
 */
export function rotateSigningKeys(
  db: Kysely<Tables>,
  upcoming: SigningKey,
  { publishedAheadSeconds }: { publishedAheadSeconds: number },
): Promise<{ kid: string; signsFrom: Date }> {
  return withKeysLocked(db, async (transaction) => {
    await refuseSecondRotation(transaction);
    const published = sql<Date>`created_at + make_interval(secs => ${publishedAheadSeconds})`;
    const next = await transaction
      .updateTable("signing_keys")
      .set({ signs_from: sql<Date>`greatest(now(), ${published})` })
      .where("signs_from", "is", null)
      .returning(["kid", "signs_from as signsFrom"])
      .executeTakeFirst();
    if (!next) throw new Fault("conflict", "No next key is published yet. Start Gatehouse once, and try again.");
    const before = await transaction
      .updateTable("signing_keys")
      .set({ signs_until: next.signsFrom })
      .where("kid", "!=", next.kid)
      .where("signs_until", "is", null)
      .returning("kid")
      .executeTakeFirst();
    await insertSigningKey(transaction, upcoming, null);
    const entry = { before: before?.kid ?? null, after: next.kid, signs_from: next.signsFrom, upcoming: upcoming.kid };
    await insertPlatformAudit(transaction, { event: "signing_key.rotated", entry });
    return { kid: next.kid, signsFrom: next.signsFrom! };
  });
}

async function refuseSecondRotation(transaction: Transaction<Tables>): Promise<void> {
  const waiting = await transaction
    .selectFrom("signing_keys")
    .select("signs_from as signsFrom")
    .where("signs_from", ">", sql<Date>`now()`)
    .executeTakeFirst();
  if (!waiting) return;
  const at = waiting.signsFrom!.toISOString();
  throw new Fault("conflict", `A rotation is under way: the next key takes over at ${at}. Wait until then.`);
}

/** Forgets private halves that sign no more, and whole keys that signed nothing that is still valid. */
export async function retireSigningKeys(
  db: Kysely<Tables>,
  { graceSeconds, tokenTtlSecondsMax }: { graceSeconds: number; tokenTtlSecondsMax: number },
): Promise<void> {
  await db
    .deleteFrom("signing_keys")
    .where("signs_until", "<", sql<Date>`now() - make_interval(secs => ${graceSeconds + tokenTtlSecondsMax})`)
    .execute();
  await db
    .updateTable("signing_keys")
    .set({ private_jwk: null })
    .where("private_jwk", "is not", null)
    .where("signs_until", "<", sql<Date>`now() - make_interval(secs => ${graceSeconds})`)
    .execute();
}

const KEYS_LOCK = 7_205_142_261;

function withKeysLocked<T>(db: Kysely<Tables>, work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${KEYS_LOCK})`.execute(transaction);
    return work(transaction);
  });
}

async function insertSigningKey(
  db: Transaction<Tables>,
  { kid, publicJwk, privateJwk }: SigningKey,
  signsFrom: ReturnType<typeof sql<Date>> | null,
): Promise<void> {
  await db
    .insertInto("signing_keys")
    .values({ kid, public_jwk: JSON.stringify(publicJwk), private_jwk: privateJwk, signs_from: signsFrom })
    .execute();
}
