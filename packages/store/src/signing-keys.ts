import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// The keys sign for the issuer, which is the whole deployment: no tenant.

export interface SigningKey {
  kid: string;
  publicJwk: Record<string, unknown>;
  /** Sealed by the vault. */
  privateJwk: Buffer;
}

/** Newest first. As `gatehouse_auth`, which alone may read the private halves. */
export function listSigningKeys(db: Kysely<Tables>): Promise<SigningKey[]> {
  return db
    .selectFrom("signing_keys")
    .select(["kid", "public_jwk as publicJwk", "private_jwk as privateJwk"])
    .orderBy("created_at", "desc")
    .execute();
}

/** For those who only check signatures. */
export function listPublicKeys(db: Kysely<Tables>): Promise<{ kid: string; publicJwk: Record<string, unknown> }[]> {
  return db.selectFrom("signing_keys").select(["kid", "public_jwk as publicJwk"]).execute();
}

const FIRST_KEY_LOCK = 7_205_142_261;

/** Inserts the key where there is none yet. Replicas that start at once wait for each other: one key gets in. */
export function insertFirstSigningKey(db: Kysely<Tables>, { kid, publicJwk, privateJwk }: SigningKey): Promise<void> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${FIRST_KEY_LOCK})`.execute(transaction);
    const first = await transaction.selectFrom("signing_keys").select("kid").limit(1).executeTakeFirst();
    if (first) return;
    await transaction
      .insertInto("signing_keys")
      .values({ kid, public_jwk: JSON.stringify(publicJwk), private_jwk: privateJwk })
      .execute();
  });
}
