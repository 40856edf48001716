import { type Kysely, sql } from "kysely";
import type { OrgScope } from "./database.ts";
import type { Page } from "./page.ts";
import type { OwnClientAuthMethod, Tables } from "./tables.ts";

/** A client that an owner has registered by hand. */
export interface OwnClient {
  id: string;
  orgId: string;
  name: string;
  redirectUris: string[];
  tokenEndpointAuthMethod: OwnClientAuthMethod;
  /** SHA-256; `null` for a public client. */
  secretHash: Buffer | null;
  createdAt: Date;
  secretChangedAt: Date;
}

const COLUMNS = [
  ...(["id", "name", "org_id as orgId", "redirect_uris as redirectUris", "created_at as createdAt"] as const),
  ...(["token_endpoint_auth_method as tokenEndpointAuthMethod", "secret_hash as secretHash"] as const),
  "secret_changed_at as secretChangedAt",
] as const;

export async function insertOwnClient(
  org: OrgScope,
  client: Pick<OwnClient, "id" | "name" | "redirectUris" | "tokenEndpointAuthMethod" | "secretHash">,
): Promise<void> {
  await org.db
    .insertInto("own_clients")
    .values({
      id: client.id,
      org_id: org.id,
      name: client.name,
      redirect_uris: JSON.stringify(client.redirectUris),
      token_endpoint_auth_method: client.tokenEndpointAuthMethod,
      secret_hash: client.secretHash,
    })
    .execute();
}

/** Takes no tenant: a client says who it is before anybody is signed in. As the authorization server's role. */
export async function findOwnClient(db: Kysely<Tables>, id: string): Promise<OwnClient | null> {
  return (await db.selectFrom("own_clients").select(COLUMNS).where("id", "=", id).executeTakeFirst()) ?? null;
}

/** By name. */
export function listOwnClients(org: OrgScope, { after, limit }: Page): Promise<OwnClient[]> {
  let query = org.db
    .selectFrom("own_clients")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .orderBy(sql`lower(name)`)
    .orderBy("id")
    .limit(limit);
  if (after) {
    query = query.where(
      sql<boolean>`(lower(name), id) > (select lower(name), id from own_clients where org_id = ${org.id} and id = ${after})`,
    );
  }
  return query.execute();
}

/** `null` where the org has no such client. */
export async function findOwnClientOf(org: OrgScope, id: string): Promise<OwnClient | null> {
  const query = org.db.selectFrom("own_clients").select(COLUMNS).where("org_id", "=", org.id).where("id", "=", id);
  return (await query.executeTakeFirst()) ?? null;
}

/** `false` where the org has no such client, or it is a public one. */
export async function replaceSecretOfOwnClient(org: OrgScope, id: string, secretHash: Buffer): Promise<boolean> {
  const result = await org.db
    .updateTable("own_clients")
    .set({ secret_hash: secretHash, secret_changed_at: new Date() })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("secret_hash", "is not", null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Answers what it was; `null` where the org has no such client. */
export async function deleteOwnClient(org: OrgScope, id: string): Promise<OwnClient | null> {
  const row = await org.db
    .deleteFrom("own_clients")
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .returning(COLUMNS)
    .executeTakeFirst();
  return row ?? null;
}
