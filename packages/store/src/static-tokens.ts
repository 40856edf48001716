import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import type { OrgScope } from "./database.ts";
import type { Held } from "./grants.ts";
import type { Page } from "./page.ts";
import type { ServiceAccountRole } from "./tables.ts";
import { takeTurn } from "./turns.ts";
import type { User } from "./users.ts";

/** A token's own client has no id: with the token's after it, this is what limits and usage know it by. */
export const CLIENT_OF_TOKEN = "static-token:";

/** Whose a token is: a member's own, or a service account's. */
export type TokenOwner = { userId: string } | { serviceAccountId: string };

/** A token that was minted by hand, for clients that do no OAuth. It ends with its row. */
export interface StaticToken {
  id: string;
  userId: string | null;
  serviceAccountId: string | null;
  name: string;
  scopes: string[];
  /** `null` is every connector of the org, those to come included. */
  connectorIds: string[] | null;
  createdAt: Date;
  expiresAt: Date;
  /** To the minute; `null` where it never was. */
  lastUsedAt: Date | null;
}

export interface NewStaticToken {
  /** SHA-256 of the token, which is stored nowhere. */
  hash: Buffer;
  name: string;
  scopes: string[];
  connectorIds: string[] | null;
  expiresAt: Date;
  /** The person who minted it. */
  createdBy: string;
}

const COLUMNS = [
  "id",
  "user_id as userId",
  "service_account_id as serviceAccountId",
  "name",
  "scopes",
  "connector_ids as connectorIds",
  "created_at as createdAt",
  "expires_at as expiresAt",
  "last_used_at as lastUsedAt",
] as const;

export async function insertStaticToken(org: OrgScope, owner: TokenOwner, token: NewStaticToken): Promise<string> {
  const id = uuidv7();
  const { hash, name, scopes, connectorIds, expiresAt, createdBy } = token;
  await org.db
    .insertInto("static_tokens")
    .values({
      ...{ id, hash, name, scopes, org_id: org.id, ...columnsOf(owner) },
      ...{ connector_ids: connectorIds, expires_at: expiresAt, created_by: createdBy },
    })
    .execute();
  return id;
}

const columnsOf = (owner: TokenOwner) =>
  "userId" in owner
    ? { user_id: owner.userId, service_account_id: null }
    : { user_id: null, service_account_id: owner.serviceAccountId };

/** Newest first, those that have expired too: of one owner, or of all. */
export function listStaticTokens(org: OrgScope, owner: TokenOwner, page?: Page): Promise<StaticToken[]> {
  let query = org.db.selectFrom("static_tokens").select(COLUMNS).where("org_id", "=", org.id).orderBy("id", "desc");
  if ("userId" in owner) query = query.where("user_id", "=", owner.userId);
  else query = query.where("service_account_id", "=", owner.serviceAccountId);
  if (page) query = query.limit(page.limit);
  if (page?.after) query = query.where("id", "<", page.after);
  return query.execute();
}

/** The newest first. */
export function listTokensOfAccounts(org: OrgScope, ids: string[]): Promise<StaticToken[]> {
  return org.db
    .selectFrom("static_tokens")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("service_account_id", "=", sql<string>`any(${ids}::uuid[])`)
    .orderBy("id", "desc")
    .execute();
}

/** By member, those that have expired too; who has none is not there. */
export async function countTokensOfMembers(org: OrgScope, userIds: string[]): Promise<Map<string, Held>> {
  const rows = await org.db
    .selectFrom("static_tokens")
    .select(({ fn, ref }) => [
      ref("user_id").$notNull().as("userId"),
      sql<number>`count(*)::int`.as("count"),
      fn.max("last_used_at").as("lastUsedAt"),
    ])
    .where("org_id", "=", org.id)
    .where("user_id", "=", sql<string>`any(${userIds}::uuid[])`)
    .groupBy("user_id")
    .execute();
  return new Map(rows.map(({ userId, ...held }) => [userId, held]));
}

/** Nobody else counts or adds any until the transaction ends. */
export async function countStaticTokens(org: OrgScope, owner: TokenOwner): Promise<number> {
  const [column, id] =
    "userId" in owner
      ? (["user_id", owner.userId] as const)
      : (["service_account_id", owner.serviceAccountId] as const);
  await takeTurn(org, `static tokens ${id}`);
  const { count } = await org.db
    .selectFrom("static_tokens")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("org_id", "=", org.id)
    .where(column, "=", id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Ends it; answers what it was, or `null` where there is none. `userId`: only if it is this member's. */
export async function deleteStaticToken(
  org: OrgScope,
  id: string,
  { userId }: { userId?: string | undefined } = {},
): Promise<StaticToken | null> {
  let query = org.db.deleteFrom("static_tokens").where("org_id", "=", org.id).where("id", "=", id).returning(COLUMNS);
  if (userId) query = query.where("user_id", "=", userId);
  return (await query.executeTakeFirst()) ?? null;
}

export interface LiveToken extends Pick<StaticToken, "id" | "name" | "scopes" | "connectorIds" | "expiresAt"> {
  hash: Buffer;
  /** The member or service account that it acts as. */
  subject: string;
}

/** Who calls the management API, by a token that has not ended, of a member or a service account that are both still there. */
export interface ManagementToken {
  id: string;
  name: string;
  scopes: string[];
  holder: User;
  /** `null` for a member's own: theirs may have changed since. */
  serviceAccountRole: ServiceAccountRole | null;
}

/** `null` for what opens no management API, or not any more. */
export async function findManagementToken(org: OrgScope, hash: Buffer): Promise<ManagementToken | null> {
  const { rows } = await sql<Omit<ManagementToken, "holder"> & User & { tokenId: string; tokenName: string }>`
    select t.id as "tokenId", t.name as "tokenName", t.scopes, s.role as "serviceAccountRole",
      coalesce(u.id, s.id) as id, coalesce(u.name, s.name) as name, coalesce(u.email, '') as email
    from static_tokens t
    left join users u on u.id = t.user_id
    left join service_accounts s on s.org_id = t.org_id and s.id = t.service_account_id
    where t.org_id = ${org.id} and t.hash = ${hash} and t.expires_at > now()
      and t.scopes && '{manage:read,manage:write}' and s.suspended_at is null`.execute(org.db);
  const [row] = rows;
  if (!row) return null;
  const { tokenId, tokenName, scopes, serviceAccountRole, ...holder } = row;
  return { id: tokenId, name: tokenName, scopes, serviceAccountRole, holder };
}

/** To the minute, and no more often. */
export async function noteTokenUse(org: OrgScope, id: string): Promise<void> {
  await sql`
    update static_tokens set last_used_at = now()
    where org_id = ${org.id} and id = ${id}
      and (last_used_at is null or last_used_at < now() - interval '1 minute')`.execute(org.db);
}

/** What calls are judged by: for endpoints, not expired, and not of a service account that is suspended or gone. */
export async function listLiveTokens(org: OrgScope): Promise<LiveToken[]> {
  const rows = await org.db
    .selectFrom("static_tokens as t")
    .leftJoin("service_accounts as s", (join) =>
      join.onRef("s.id", "=", "t.service_account_id").onRef("s.org_id", "=", "t.org_id"),
    )
    .select([
      ...(["t.id", "t.hash", "t.name", "t.scopes", "t.connector_ids as connectorIds"] as const),
      ...(["t.expires_at as expiresAt", "t.user_id as userId", "t.service_account_id as serviceAccountId"] as const),
    ])
    .where("t.org_id", "=", org.id)
    .where("t.expires_at", ">", sql<Date>`now()`)
    .where(sql<boolean>`t.scopes && '{mcp:read,mcp:write}'`)
    .where("s.suspended_at", "is", null)
    .where("s.archived_at", "is", null)
    .execute();
  return rows.map(({ userId, serviceAccountId, ...token }) => ({ ...token, subject: (userId ?? serviceAccountId)! }));
}

/** As the gateway's role. What another replica is writing at the moment is left to it. */
export async function updateStaticTokensLastUse(org: OrgScope, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  const unlocked = org.db.selectFrom("static_tokens").select("id").where("org_id", "=", org.id).where("id", "in", ids);
  await org.db
    .updateTable("static_tokens")
    .set({ last_used_at: sql<Date>`now()` })
    .where("id", "in", unlocked.forUpdate().skipLocked())
    .execute();
}
