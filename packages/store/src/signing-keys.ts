import type { Kysely } from "kysely";
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

export async function insertSigningKey(db: Kysely<Tables>, { kid, publicJwk, privateJwk }: SigningKey): Promise<void> {
  await db
    .insertInto("signing_keys")
    .values({ kid, public_jwk: JSON.stringify(publicJwk), private_jwk: privateJwk })
    .execute();
}
