import { sql } from "kysely";
import type { OrgScope } from "./database.ts";
import type { Page } from "./page.ts";

/** A member's consent to one client for one endpoint. It ends with its row, and its codes and tokens end with it. */
export interface Grant {
  id: string;
  userId: string;
  connectorId: string;
  clientId: string;
  clientName: string;
  /** Where the client's metadata document is; `null` where nobody vouches for the client. */
  clientHost: string | null;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date;
  /** To the minute; `null` where it never was. */
  lastUsedAt: Date | null;
}

/** What the member saw when they agreed. */
export interface ConsentTerms {
  /** Of all that the client said of itself. */
  clientDigest: string;
  redirectHost: string;
  /** The tools that change things. */
  writes: string[];
}

export type NewGrant = Omit<Grant, "createdAt" | "lastUsedAt"> & { terms: ConsentTerms };

/** Rows of this org that have run out go on this occasion. */
export async function insertGrant(org: OrgScope, grant: NewGrant): Promise<void> {
  await org.db.deleteFrom("grants").where("org_id", "=", org.id).where("expires_at", "<", sql<Date>`now()`).execute();
  const { id, scopes } = grant;
  const terms = JSON.stringify(grant.terms);
  const row = {
    terms,
    ...{ id, scopes, user_id: grant.userId, connector_id: grant.connectorId, expires_at: grant.expiresAt },
    ...{ client_id: grant.clientId, client_name: grant.clientName, client_host: grant.clientHost },
  };
  await org.db
    .insertInto("grants")
    .values({ ...row, org_id: org.id })
    .execute();
}

/** Those that have not run out, newest first: of one member, or of all. */
export function listGrants(
  org: OrgScope,
  { userId, page }: { userId?: string | undefined; page?: Page } = {},
): Promise<Grant[]> {
  let query = org.db
    .selectFrom("grants")
    .select([
      ...(["id", "scopes", "user_id as userId", "connector_id as connectorId", "client_id as clientId"] as const),
      ...(["client_name as clientName", "client_host as clientHost", "created_at as createdAt"] as const),
      ...(["expires_at as expiresAt", "last_used_at as lastUsedAt"] as const),
    ])
    .where("org_id", "=", org.id)
    .where("expires_at", ">", sql<Date>`now()`)
    .orderBy("created_at", "desc")
    .orderBy("id", "desc");
  if (userId) query = query.where("user_id", "=", userId);
  if (page) query = query.limit(page.limit);
  if (page?.after)
    query = query.where(
      sql<boolean>`(created_at, id) < (select created_at, id from grants where org_id = ${org.id} and id = ${page.after})`,
    );
  return query.execute();
}

/** How much acts for a member, and when any of it last did. */
export interface Held {
  count: number;
  lastUsedAt: Date | null;
}

/** Those that have not run out, by member; who has none is not there. */
export async function countGrants(org: OrgScope, userIds: string[]): Promise<Map<string, Held>> {
  const rows = await org.db
    .selectFrom("grants")
    .select(({ fn }) => [
      "user_id as userId",
      sql<number>`count(*)::int`.as("count"),
      fn.max("last_used_at").as("lastUsedAt"),
    ])
    .where("org_id", "=", org.id)
    .where("user_id", "=", sql<string>`any(${userIds}::uuid[])`)
    .where("expires_at", ">", sql<Date>`now()`)
    .groupBy("user_id")
    .execute();
  return new Map(rows.map(({ userId, ...held }) => [userId, held]));
}

/** What a member has agreed to for one client at one endpoint, the latest first. */
export function listAgreements(
  org: OrgScope,
  { userId, connectorId, clientId }: Pick<Grant, "userId" | "connectorId" | "clientId">,
): Promise<(Pick<Grant, "id" | "scopes"> & { terms: Partial<ConsentTerms> })[]> {
  return org.db
    .selectFrom("grants")
    .select(["id", "scopes", "terms"])
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .where("connector_id", "=", connectorId)
    .where("client_id", "=", clientId)
    .where("expires_at", ">", sql<Date>`now()`)
    .orderBy("created_at", "desc")
    .execute();
}

/** What the member saw; `null` where there is no such grant any more. */
export async function findConsentTerms(org: OrgScope, id: string): Promise<Partial<ConsentTerms> | null> {
  const row = await org.db
    .selectFrom("grants")
    .select("terms")
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.terms ?? null;
}

/** Ends it; answers what it was, or `null` where there is none. `userId`: only if it is this member's. */
export async function deleteGrant(
  org: OrgScope,
  id: string,
  { userId }: { userId?: string | undefined } = {},
): Promise<Pick<Grant, "userId" | "connectorId" | "clientId" | "clientName"> | null> {
  let query = org.db
    .deleteFrom("grants")
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .returning([
      "user_id as userId",
      "connector_id as connectorId",
      "client_id as clientId",
      "client_name as clientName",
    ]);
  if (userId) query = query.where("user_id", "=", userId);
  return (await query.executeTakeFirst()) ?? null;
}

/** As the gateway's role. What another replica is writing at the moment is left to it. */
export async function updateGrantsLastUse(org: OrgScope, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const unlocked = org.db.selectFrom("grants").select("id").where("org_id", "=", org.id).where("id", "in", ids);
  await org.db
    .updateTable("grants")
    .set({ last_used_at: sql<Date>`now()` })
    .where("id", "in", unlocked.forUpdate().skipLocked())
    .execute();
}
