import { type Kysely, sql } from "kysely";
import type { OrgScope } from "./database.ts";
import { within } from "./page.ts";
import type { ClientPolicy, ClientStanding, Registration, Tables } from "./tables.ts";
import { takeTurn } from "./turns.ts";

/** A client as orgs know it, whichever of its ids it comes with. */
export interface ClientIdentity {
  /** The URL of its metadata document, the id that an owner registered, or the digest of what it registers itself as. */
  identity: string;
  registration: Registration;
  name: string;
  /** Where its metadata document is; for others the one host that they redirect to, if it is one. */
  host: string | null;
}

export interface KnownClient extends ClientIdentity {
  decision: "allowed" | "blocked" | null;
  standing: ClientStanding;
  /** Who asks for it to be allowed, by email. */
  requestedBy: string[];
  requestedAt: Date | null;
  /** Members with a grant for it. */
  members: number;
  /** When one of them last did; `null` where nobody has since connecting. */
  lastUsedAt: Date | null;
}

/** The org has met this client by this id; what it says of itself now is what stands. */
export async function upsertClient(org: OrgScope, clientId: string, client: ClientIdentity): Promise<void> {
  const { identity, registration, name, host } = client;
  await org.db
    .insertInto("clients")
    .values({ org_id: org.id, identity, registration, name, host })
    .onConflict((conflict) =>
      conflict
        .columns(["org_id", "identity"])
        .doUpdateSet({ name, host })
        .where((where) =>
          where.or([where("clients.name", "!=", name), where("clients.host", "is distinct from", host)]),
        ),
    )
    .execute();
  await org.db
    .insertInto("client_ids")
    .values({ org_id: org.id, client_id: clientId, identity })
    .onConflict((conflict) =>
      conflict.columns(["org_id", "client_id"]).doUpdateSet({ identity }).where("client_ids.identity", "!=", identity),
    )
    .execute();
}

/** `null` for a client that the org has never met. */
export async function findClientStanding(org: OrgScope, identity: string): Promise<ClientStanding | null> {
  const row = await org.db
    .selectFrom("client_standings")
    .select("standing")
    .where("org_id", "=", org.id)
    .where("identity", "=", identity)
    .executeTakeFirst();
  return row?.standing ?? null;
}

/** `null` for one that the org has not met by this id as what it now is. */
export async function findStandingOfClientId(
  org: OrgScope,
  { clientId, identity }: { clientId: string; identity: string },
): Promise<ClientStanding | null> {
  const row = await org.db
    .selectFrom("client_ids as i")
    .innerJoin("client_standings as s", (join) =>
      join.onRef("s.org_id", "=", "i.org_id").onRef("s.identity", "=", "i.identity"),
    )
    .select("s.standing")
    .where("i.org_id", "=", org.id)
    .where("i.client_id", "=", clientId)
    .where("i.identity", "=", identity)
    .executeTakeFirst();
  return row?.standing ?? null;
}

/** Takes no tenant: the orgs that have met a client by this id. As the authorization server's role. */
export async function listOrgsOfClient(db: Kysely<Tables>, clientId: string): Promise<string[]> {
  const rows = await db.selectFrom("client_ids").select("org_id").where("client_id", "=", clientId).execute();
  return rows.map((row) => row.org_id);
}

export interface ClientPage {
  /** In its name or its host. */
  search?: string | undefined;
  /** The identity of the last one that was seen. */
  after?: string | undefined;
  limit: number;
  /** Those that members ask for, or the others. */
  waiting: boolean;
}

/** Those that somebody uses, asks for, or has decided about, by name. */
export async function pageClients(
  org: OrgScope,
  { search, after, limit, waiting }: ClientPage,
): Promise<KnownClient[]> {
  const conditions = [sql`(c.decision is not null or r.first is not null or g.members > 0)`];
  conditions.push(waiting ? sql`r.first is not null` : sql`r.first is null`);
  if (search) conditions.push(sql`(c.name ilike ${within(search)} or c.host ilike ${within(search)})`);
  if (after) {
    conditions.push(sql`(lower(c.name), c.identity) > (select lower(name), identity from clients
      where org_id = ${org.id} and identity = ${after})`);
  }
  const { rows } = await sql<KnownClient>`
    select c.identity, c.registration, c.name, c.host, c.decision, s.standing,
      coalesce(r.emails, '{}') as "requestedBy", r.first as "requestedAt",
      coalesce(g.members, 0) as members, g.last_used_at as "lastUsedAt"
    from clients c
    join client_standings s on s.org_id = c.org_id and s.identity = c.identity
    left join lateral (
      select array_agg(u.email order by r.created_at) as emails, min(r.created_at) as first
      from client_requests r join users u on u.id = r.user_id
      where r.org_id = c.org_id and r.identity = c.identity) r on true
    left join lateral (
      select count(distinct g.user_id)::int as members, max(g.last_used_at) as last_used_at
      from client_ids i join grants g on g.org_id = i.org_id and g.client_id = i.client_id and g.expires_at > now()
      where i.org_id = c.org_id and i.identity = c.identity) g on true
    where c.org_id = ${org.id} and ${sql.join(conditions, sql` and `)}
    order by lower(c.name), c.identity
    limit ${limit}
  `.execute(org.db);
  return rows;
}

/** `null` where the org has never met such a client. */
export async function findDecision(org: OrgScope, identity: string): Promise<Pick<KnownClient, "decision"> | null> {
  const row = await org.db
    .selectFrom("clients")
    .select("decision")
    .where("org_id", "=", org.id)
    .where("identity", "=", identity)
    .executeTakeFirst();
  return row ?? null;
}

/** What was decided before. `null` where the org has never met such a client. */
export async function lockClient(
  org: OrgScope,
  identity: string,
): Promise<(ClientIdentity & Pick<KnownClient, "decision">) | null> {
  const row = await org.db
    .selectFrom("clients")
    .select(["identity", "registration", "name", "host", "decision"])
    .where("org_id", "=", org.id)
    .where("identity", "=", identity)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** `null` takes a decision back. */
export async function decideOnClient(
  org: OrgScope,
  identity: string,
  { decision, userId }: { decision: KnownClient["decision"]; userId: string },
): Promise<void> {
  const decided = { decision, decided_by: userId, decided_at: new Date() };
  await org.db
    .updateTable("clients")
    .set(decided)
    .where("org_id", "=", org.id)
    .where("identity", "=", identity)
    .execute();
}

export async function deleteClient(org: OrgScope, identity: string): Promise<void> {
  await org.db.deleteFrom("clients").where("org_id", "=", org.id).where("identity", "=", identity).execute();
}

export interface EndedGrant {
  id: string;
  userId: string;
  clientId: string;
  clientName: string;
}

/** Ends what members gave to clients that the org does not allow, or not any more. */
export async function deleteGrantsOfRefusedClients(org: OrgScope): Promise<EndedGrant[]> {
  return org.db
    .deleteFrom("grants")
    .using("client_ids as i")
    .innerJoin("client_standings as s", (join) =>
      join.onRef("s.org_id", "=", "i.org_id").onRef("s.identity", "=", "i.identity"),
    )
    .where("grants.org_id", "=", org.id)
    .whereRef("i.org_id", "=", "grants.org_id")
    .whereRef("i.client_id", "=", "grants.client_id")
    .where("s.standing", "!=", "allowed")
    .returning([
      "grants.id",
      "grants.user_id as userId",
      "grants.client_id as clientId",
      "grants.client_name as clientName",
    ])
    .execute();
}

/** Ends what members gave to a client that is not there any more. */
export async function deleteGrantsOfClient(org: OrgScope, clientId: string): Promise<EndedGrant[]> {
  return org.db
    .deleteFrom("grants")
    .where("org_id", "=", org.id)
    .where("client_id", "=", clientId)
    .returning(["id", "user_id as userId", "client_id as clientId", "client_name as clientName"])
    .execute();
}

/** `false` where this member has asked already. */
export async function insertClientRequest(
  org: OrgScope,
  { identity, userId }: { identity: string; userId: string },
): Promise<boolean> {
  const result = await org.db
    .insertInto("client_requests")
    .values({ org_id: org.id, identity, user_id: userId })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Answers who had asked, by email. */
export async function deleteClientRequests(org: OrgScope, identity: string): Promise<string[]> {
  const rows = await org.db
    .deleteFrom("client_requests as r")
    .using("users as u")
    .whereRef("u.id", "=", "r.user_id")
    .where("r.org_id", "=", org.id)
    .where("r.identity", "=", identity)
    .returning("u.email")
    .execute();
  return rows.map((row) => row.email);
}

/** How many of theirs wait for an answer. Nobody else counts or adds any of this member's until the transaction ends. */
export async function countClientRequests(org: OrgScope, userId: string): Promise<number> {
  await takeTurn(org, `client requests ${userId}`);
  const { count } = await org.db
    .selectFrom("client_requests")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("org_id", "=", org.id)
    .where("user_id", "=", userId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function hasRequestedClient(
  org: OrgScope,
  { identity, userId }: { identity: string; userId: string },
): Promise<boolean> {
  const row = await org.db
    .selectFrom("client_requests")
    .select("user_id")
    .where("org_id", "=", org.id)
    .where("identity", "=", identity)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function findClientPolicy(org: OrgScope): Promise<ClientPolicy> {
  const row = await org.db
    .selectFrom("orgs")
    .select("client_policy")
    .where("id", "=", org.id)
    .executeTakeFirstOrThrow();
  return row.client_policy;
}

export async function updateClientPolicy(org: OrgScope, clientPolicy: ClientPolicy): Promise<void> {
  await org.db.updateTable("orgs").set({ client_policy: clientPolicy }).where("id", "=", org.id).execute();
}

export async function listClientHosts(org: OrgScope): Promise<string[]> {
  const rows = await org.db
    .selectFrom("client_hosts")
    .select("host")
    .where("org_id", "=", org.id)
    .orderBy("host")
    .execute();
  return rows.map((row) => row.host);
}

/** `false` where it is on the list already. */
export async function insertClientHost(org: OrgScope, host: string): Promise<boolean> {
  const result = await org.db
    .insertInto("client_hosts")
    .values({ org_id: org.id, host })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** `false` where it is not on the list. */
export async function deleteClientHost(org: OrgScope, host: string): Promise<boolean> {
  const result = await org.db
    .deleteFrom("client_hosts")
    .where("org_id", "=", org.id)
    .where("host", "=", host)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}
