import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import type { OrgScope } from "./database.ts";
import { type Page, within } from "./page.ts";
import type { CredentialStatus } from "./tables.ts";

/** What opens an upstream: the org's own, or a member's. The vault opens it for its id and version. */
export interface Credential {
  id: string;
  connectorId: string;
  /** `null` for the org's own. */
  userId: string | null;
  /** The way of `connectors.access` that it is for. */
  kind: string;
  /** The name of that way among those of its connector. */
  slot: string;
  /** `null` where it was given up. */
  sealed: Buffer | null;
  version: number;
  /** The only places that it is sent to. */
  upstreamOrigin: string;
  tokenEndpoint: string | null;
  scopes: string[];
  expiresAt: Date | null;
  status: CredentialStatus;
  /** What people know it by, such as the name of the account. */
  label: string | null;
  linkedAt: Date;
  /** Who set the org's own. */
  setBy: string | null;
  lastRefreshedAt: Date | null;
}

const COLUMNS = [
  "id",
  "connector_id as connectorId",
  "user_id as userId",
  "kind",
  "slot",
  "sealed",
  "version",
  "upstream_origin as upstreamOrigin",
  "token_endpoint as tokenEndpoint",
  "scopes",
  "expires_at as expiresAt",
  "status",
  "label",
  "linked_at as linkedAt",
  "set_by as setBy",
  "last_refreshed_at as lastRefreshedAt",
] as const;

/** A way into one connector: the org's own, or one member's. */
export interface CredentialKey {
  connectorId: string;
  /** `null` for the org's own. */
  userId: string | null;
  slot: string;
}

/** The row and version that a credential is to be sealed for: the one that there is, moved on by one, or a new one. */
export async function reserveCredential(
  org: OrgScope,
  { connectorId, userId, slot }: CredentialKey,
): Promise<{ id: string; version: number }> {
  const row = await org.db
    .selectFrom("credentials")
    .select(["id", "version"])
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("user_id", "is not distinct from", userId)
    .where("slot", "=", slot)
    .forUpdate()
    .executeTakeFirst();
  return row ? { id: row.id, version: row.version + 1 } : { id: uuidv7(), version: 1 };
}

export type NewCredential = Pick<
  Credential,
  "id" | "version" | "connectorId" | "userId" | "kind" | "slot" | "upstreamOrigin"
> & { sealed: Buffer } & Partial<Pick<Credential, "tokenEndpoint" | "scopes" | "expiresAt" | "label" | "setBy">>;

/** In place of the one that there was. `id` and `version` are those of `reserveCredential`, in the same transaction. */
export async function putCredential(org: OrgScope, credential: NewCredential): Promise<void> {
  const row = {
    kind: credential.kind,
    sealed: credential.sealed,
    version: credential.version,
    upstream_origin: credential.upstreamOrigin,
    token_endpoint: credential.tokenEndpoint ?? null,
    scopes: credential.scopes ?? [],
    expires_at: credential.expiresAt ?? null,
    label: credential.label ?? null,
    set_by: credential.setBy ?? null,
  };
  const { id, connectorId, userId, slot } = credential;
  await org.db
    .insertInto("credentials")
    .values({ ...row, id, org_id: org.id, connector_id: connectorId, user_id: userId, slot })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet({
        ...row,
        status: "live",
        linked_at: sql`now()`,
        last_refreshed_at: null,
        refresh_until: null,
      }),
    )
    .execute();
}

/** `null` where there is none, and also where another org has it. */
export async function findCredential(org: OrgScope, id: string): Promise<Credential | null> {
  const row = await org.db
    .selectFrom("credentials")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .executeTakeFirst();
  return row ?? null;
}

/** The org's own, of all its connectors. */
export function listOrgCredentials(org: OrgScope): Promise<Credential[]> {
  return org.db
    .selectFrom("credentials")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("user_id", "is", null)
    .orderBy("slot")
    .execute();
}

/** All that open one connector, the org's own first. */
export function listCredentialsOfConnector(org: OrgScope, connectorId: string): Promise<Credential[]> {
  return org.db
    .selectFrom("credentials")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .orderBy("user_id", (order) => order.asc().nullsFirst())
    .orderBy("slot")
    .execute();
}

export interface LinkedMember extends Pick<Credential, "status" | "label" | "scopes" | "linkedAt" | "lastRefreshedAt"> {
  userId: string;
  name: string;
  email: string;
  expiresAt: Date | null;
}

/** Who has linked an account to a connector, by name. */
export function pageLinkedMembers(
  org: OrgScope,
  connectorId: string,
  { search, after, limit }: Page & { search?: string | undefined },
): Promise<LinkedMember[]> {
  let query = org.db
    .selectFrom("credentials as c")
    .innerJoin("memberships as m", (join) =>
      join.onRef("m.org_id", "=", "c.org_id").onRef("m.user_id", "=", "c.user_id"),
    )
    .innerJoin("users as u", "u.id", "m.user_id")
    .select([
      ...(["u.id as userId", "u.name", "u.email", "c.status", "c.label", "c.scopes"] as const),
      ...(["c.linked_at as linkedAt", "c.last_refreshed_at as lastRefreshedAt", "c.expires_at as expiresAt"] as const),
    ])
    .where("c.org_id", "=", org.id)
    .where("c.connector_id", "=", connectorId)
    .where("c.status", "!=", "unlinked")
    .orderBy(sql`lower(u.name)`)
    .orderBy("u.id")
    .limit(limit);
  if (search) query = query.where(sql<boolean>`(u.name ilike ${within(search)} or u.email ilike ${within(search)})`);
  if (after) {
    query = query.where(sql<boolean>`(lower(u.name), u.id) > (select lower(name), id from users
      where id = ${after} and exists (select from memberships where org_id = ${org.id} and user_id = ${after}))`);
  }
  return query.execute();
}

/** How many members have linked an account, by connector. */
export async function countLinked(org: OrgScope): Promise<Map<string, number>> {
  const rows = await org.db
    .selectFrom("credentials")
    .select(({ fn }) => ["connector_id as connectorId", fn.count<string>("user_id").distinct().as("count")])
    .where("org_id", "=", org.id)
    .where("user_id", "is not", null)
    .where("status", "=", "live")
    .groupBy("connector_id")
    .execute();
  return new Map(rows.map(({ connectorId, count }) => [connectorId, Number(count)]));
}

/** One person's, at all connectors of the org. */
export function listCredentialsOfMember(org: OrgScope, userId: string): Promise<Credential[]> {
  return org.db
    .selectFrom("credentials")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .orderBy("connector_id")
    .orderBy("slot")
    .execute();
}

/**
 * Makes the caller the only one to get a new token, for `seconds`. `false` where another is at it, or has it already:
 * `version` is not the row's any more.
 */
export async function claimRefresh(
  org: OrgScope,
  { id, version }: { id: string; version: number },
  seconds: number,
): Promise<boolean> {
  const result = await org.db
    .updateTable("credentials")
    .set({ refresh_until: sql`now() + make_interval(secs => ${seconds})` })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("version", "=", version)
    .where((where) => where.or([where("refresh_until", "is", null), where("refresh_until", "<", sql<Date>`now()`)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** What a refresh has brought, sealed for `version + 1`. `false` where the credential was replaced or given up meanwhile. */
export async function updateRefreshed(
  org: OrgScope,
  { id, version }: { id: string; version: number },
  { sealed, expiresAt, scopes }: { sealed: Buffer; expiresAt: Date | null; scopes?: string[] },
): Promise<boolean> {
  const result = await org.db
    .updateTable("credentials")
    .set({
      sealed,
      version: version + 1,
      expires_at: expiresAt,
      status: "live",
      last_refreshed_at: sql`now()`,
      refresh_until: null,
      ...(scopes ? { scopes } : {}),
    })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("version", "=", version)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Lets another try at once. */
export async function releaseRefresh(org: OrgScope, { id, version }: { id: string; version: number }): Promise<void> {
  await org.db
    .updateTable("credentials")
    .set({ refresh_until: null })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("version", "=", version)
    .execute();
}

/** `false` where it was so already, or is another than `version` by now. */
export async function markCredentialBroken(
  org: OrgScope,
  { id, version }: { id: string; version: number },
): Promise<boolean> {
  const result = await org.db
    .updateTable("credentials")
    .set({ status: "broken", refresh_until: null })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("version", "=", version)
    .where("status", "=", "live")
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

const GIVEN_UP = { sealed: null, status: "unlinked", expires_at: null, refresh_until: null } as const;

/** What it was is destroyed; that it was is kept. `false` where there is none to give up. */
export async function unlinkCredential(org: OrgScope, id: string): Promise<boolean> {
  const result = await org.db
    .updateTable("credentials")
    .set(GIVEN_UP)
    .set("version", sql`version + 1`)
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("status", "!=", "unlinked")
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** All members' at once: what can be revoked upstream will be. */
export async function deleteMembersCredentials(org: OrgScope): Promise<void> {
  await org.db.deleteFrom("credentials").where("org_id", "=", org.id).where("user_id", "is not", null).execute();
}
