import { Fault } from "@gatehouse/faults";
import { type Kysely, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation, type OrgScope } from "./database.ts";
import { within } from "./page.ts";
import type {
  Classification,
  ClientEras,
  Era,
  OpenTo,
  Role,
  Tables,
  ToolBinding,
  ToolDefinition,
  ToolEdits,
  Transport,
} from "./tables.ts";

/** What an upstream shows of itself when it is probed. */
export interface Verdict {
  era: Era;
  transport: Transport;
  protocolVersion: string;
  serverName: string;
}

export interface Connector extends Verdict {
  id: string;
  slug: string;
  name: string;
  url: string;
  /** When the upstream last showed its verdict. */
  probedAt: Date;
  /** The owner has said which era the upstream speaks. */
  upstreamEraPinned: boolean;
  clientEras: ClientEras;
  /** How the upstream is opened: a list of ways, all of which are used. */
  access: unknown;
  /** `host:port` of an upstream that the deployment runs itself, reachable for this connector alone. */
  egressException: string | null;
  /** Where an API's description was found; `null` where it was pasted, and for an MCP server. */
  descriptionUrl: string | null;
  /** `null` is every member. */
  openTo: OpenTo | null;
  createdAt: Date;
}

export interface Tool {
  name: string;
  definition: ToolDefinition;
  /** `null` is unclassified, which counts as a write. */
  classification: Classification | null;
  offered: boolean;
  /** The owner's layer over the definition. */
  edits: ToolEdits | null;
  /** `null` is every member who may use the connector. */
  openTo: OpenTo | null;
  /** Of an API: what the operation is known by when the description is imported anew. */
  operation: string | null;
  /** Of an API: how it is called. */
  binding: ToolBinding | null;
  tags: string[];
}

/** Open to all, and unedited, where nothing else is said. */
export type NewTool = Pick<Tool, "name" | "definition" | "classification" | "offered"> &
  Partial<Pick<Tool, "operation" | "binding" | "tags">>;

const COLUMNS = [
  "id",
  "slug",
  "name",
  "url",
  "era",
  "transport",
  "protocol_version as protocolVersion",
  "server_name as serverName",
  "probed_at as probedAt",
  "upstream_era_pinned as upstreamEraPinned",
  "client_eras as clientEras",
  "access",
  "egress_exception as egressException",
  "description_url as descriptionUrl",
  "open_to as openTo",
  "created_at as createdAt",
] as const;

export const TOOL_COLUMNS = [
  "name",
  "definition",
  "classification",
  "offered",
  "edits",
  "open_to as openTo",
  "operation",
  "binding",
  "tags",
] as const;

/** `transport` is Streamable HTTP where it is not said. */
export type NewConnector = Omit<
  Connector,
  "createdAt" | "transport" | "probedAt" | "upstreamEraPinned" | "clientEras" | "access" | "descriptionUrl" | "openTo"
> & { transport?: Transport; access?: unknown; descriptionUrl?: string | null };

/** A new id, known before the row is there so that a credential can be sealed for it. */
export const newConnectorId = (): string => uuidv7();

export async function insertConnector(org: OrgScope, connector: NewConnector, tools: NewTool[]): Promise<void> {
  const { protocolVersion, serverName, egressException, descriptionUrl = null, access = [], ...same } = connector;
  try {
    await org.db
      .insertInto("connectors")
      .values({
        ...same,
        org_id: org.id,
        protocol_version: protocolVersion,
        server_name: serverName,
        egress_exception: egressException,
        description_url: descriptionUrl,
        access: JSON.stringify(access),
      })
      .execute();
  } catch (error) {
    if (!isUniqueViolation(error, "connectors_slug")) throw error;
    const problem = `“${connector.slug}” is, or once was, the address of another connector of this org`;
    throw new Fault("conflict", problem, { data: { fields: { slug: problem } } });
  }
  await insertTools(org, connector.id, tools);
}

/** Postgres takes 65,535 parameters at once. */
const ROWS_AT_ONCE = 5000;

/** Tools that the connector has none of the same name of. */
export async function insertTools(org: OrgScope, connectorId: string, tools: NewTool[]): Promise<void> {
  for (let from = 0; from < tools.length; from += ROWS_AT_ONCE) {
    const rows = tools.slice(from, from + ROWS_AT_ONCE).map(({ definition, binding, ...tool }) => ({
      ...tool,
      definition: JSON.stringify(definition),
      binding: binding ? JSON.stringify(binding) : null,
      org_id: org.id,
      connector_id: connectorId,
    }));
    await org.db.insertInto("tools").values(rows).execute();
  }
}

/** By name, without the archived ones. */
export function listConnectors(org: OrgScope): Promise<Connector[]> {
  return org.db
    .selectFrom("connectors")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("archived_at", "is", null)
    .orderBy("name")
    .execute();
}

export interface ConnectorPage {
  /** In its name, its address, or its upstream's. */
  search?: string | undefined;
  /** The id of the last one that was seen. */
  after?: string | undefined;
  limit: number;
  /** Whom they are open to; whoever may change them sees all. */
  openFor?: { role: Role; teams: ReadonlySet<string> } | undefined;
  /** Those alone that work with members' own accounts. */
  linkable?: boolean;
}

/** By name, without the archived ones. */
export function pageConnectors(org: OrgScope, page: ConnectorPage): Promise<Connector[]> {
  const { search, after, limit, openFor, linkable } = page;
  const conditions = [sql<boolean>`true`];
  if (linkable) conditions.push(sql`access @? '$[*] ? (@.kind starts with "member-")'`);
  if (search) {
    const pattern = within(search);
    const host = sql`split_part(split_part(url, '://', 2), '/', 1)`;
    conditions.push(sql`(name ilike ${pattern} or slug ilike ${pattern} or ${host} ilike ${pattern})`);
  }
  if (after) {
    conditions.push(sql`(lower(name), id) > (select lower(c.name), c.id from connectors c
      where c.org_id = ${org.id} and c.id = ${after})`);
  }
  if (openFor) {
    const { role, teams } = openFor;
    conditions.push(sql`(open_to is null or jsonb_exists(open_to -> 'roles', ${role})
      or jsonb_exists_any(open_to -> 'teams', ${[...teams]}::text[]))`);
  }
  return org.db
    .selectFrom("connectors")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("archived_at", "is", null)
    .where(sql.join<boolean>(conditions, sql` and `))
    .orderBy(sql`lower(name)`)
    .orderBy("id")
    .limit(limit)
    .execute();
}

/** `null` when the org has no such connector, and also when another org does. */
export async function findConnectorBySlug(org: OrgScope, slug: string): Promise<Connector | null> {
  const row = await org.db
    .selectFrom("connectors")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("slug", "=", slug)
    .where("archived_at", "is", null)
    .executeTakeFirst();
  return row ?? null;
}

/** `null` as for `findConnectorBySlug`. */
export async function findConnector(org: OrgScope, id: string): Promise<Connector | null> {
  const row = await org.db
    .selectFrom("connectors")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("archived_at", "is", null)
    .executeTakeFirst();
  return row ?? null;
}

/** As it stands, and so it stays until the transaction ends: `null` as for `findConnectorBySlug`. */
export async function lockConnector(org: OrgScope, id: string): Promise<Connector | null> {
  const row = await org.db
    .selectFrom("connectors")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .where("archived_at", "is", null)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** What the upstream has shown just now. */
export async function updateVerdict(org: OrgScope, id: string, verdict: Verdict): Promise<void> {
  const { era, transport, protocolVersion, serverName } = verdict;
  await org.db
    .updateTable("connectors")
    .set({ era, transport, protocol_version: protocolVersion, server_name: serverName, probed_at: sql`now()` })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** What the owner says of either edge. */
export async function updateEras(
  org: OrgScope,
  id: string,
  eras: Pick<Connector, "era" | "transport" | "protocolVersion" | "upstreamEraPinned" | "clientEras">,
): Promise<void> {
  const { era, transport, protocolVersion, upstreamEraPinned, clientEras } = eras;
  await org.db
    .updateTable("connectors")
    .set({
      ...{ era, transport },
      protocol_version: protocolVersion,
      upstream_era_pinned: upstreamEraPinned,
      client_eras: clientEras,
    })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/**
 * Takes no tenant: connectors, of all orgs, whose verdict is a day old. Whoever is told of one is the only one to be told
 * of it for an hour.
 */
export async function claimConnectorsDueForProbe(
  db: Kysely<Tables>,
  countMax: number,
): Promise<{ orgId: string; id: string }[]> {
  const { rows } = await sql<{ orgId: string; id: string }>`
    select org_id as "orgId", id from connectors_due_for_probe(${countMax})
  `.execute(db);
  return rows;
}

/** Where it leads from now on, and how it is opened there. */
export async function updateUpstream(
  org: OrgScope,
  id: string,
  { url, access, egressException }: Pick<Connector, "url" | "access" | "egressException">,
): Promise<void> {
  await org.db
    .updateTable("connectors")
    .set({ url, access: JSON.stringify(access), egress_exception: egressException })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** For an upstream that the deployment runs itself, which may come up at another port. */
export async function updateConnectorAddress(
  org: OrgScope,
  { id, url, egressException }: { id: string; url: string; egressException: string },
): Promise<void> {
  await org.db
    .updateTable("connectors")
    .set({ url, egress_exception: egressException })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** The stored catalogue of every connector of the org, by name. */
export function listTools(org: OrgScope): Promise<(Tool & { connectorId: string })[]> {
  return org.db
    .selectFrom("tools")
    .select(["connector_id as connectorId", ...TOOL_COLUMNS])
    .where("org_id", "=", org.id)
    .orderBy("name")
    .execute();
}

/** The stored catalogue of one connector, by name. */
export function listToolsOfConnector(org: OrgScope, connectorId: string): Promise<Tool[]> {
  return org.db
    .selectFrom("tools")
    .select(TOOL_COLUMNS)
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .orderBy("name")
    .execute();
}

export interface ToolCount {
  connectorId: string;
  total: number;
  offered: number;
}

/** Connectors that have no tools are left out. */
export async function countTools(org: OrgScope): Promise<ToolCount[]> {
  const rows = await org.db
    .selectFrom("tools")
    .select(({ fn }) => [
      "connector_id as connectorId",
      fn.countAll<string>().as("total"),
      fn.countAll<string>().filterWhere("offered", "=", true).as("offered"),
    ])
    .where("org_id", "=", org.id)
    .groupBy("connector_id")
    .execute();
  return rows.map((row) => ({ ...row, total: Number(row.total), offered: Number(row.offered) }));
}

/** What an owner decides of a tool. */
export type ToolDecision = {
  [Member in "classification" | "offered" | "edits" | "openTo"]?: Tool[Member] | undefined;
};

/** The owner's decision on one tool. `false` when the connector has no such tool. */
export async function updateTool(
  org: OrgScope,
  { connectorId, name }: { connectorId: string; name: string },
  { edits, openTo, ...decision }: ToolDecision,
): Promise<boolean> {
  const result = await org.db
    .updateTable("tools")
    .set({
      ...decision,
      ...(edits === undefined ? {} : { edits: edits && JSON.stringify(edits) }),
      ...(openTo === undefined ? {} : { open_to: openTo && JSON.stringify(openTo) }),
    })
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("name", "=", name)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Who may use the connector; `null` is every member. */
export async function updateOpenTo(org: OrgScope, id: string, openTo: OpenTo | null): Promise<void> {
  await org.db
    .updateTable("connectors")
    .set({ open_to: openTo && JSON.stringify(openTo) })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

/** What the upstream now says of a tool that it had before, and what is left of the owner's decision on it. */
export async function updateToolDefinition(
  org: OrgScope,
  connectorId: string,
  { name, definition, classification, operation = null, binding = null, tags = [] }: NewTool,
): Promise<void> {
  await org.db
    .updateTable("tools")
    .set({
      definition: JSON.stringify(definition),
      binding: binding && JSON.stringify(binding),
      ...{ classification, operation, tags },
    })
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("name", "=", name)
    .execute();
}

/** `null` when the connector has no such tool. */
export async function findTool(org: OrgScope, connectorId: string, name: string): Promise<Tool | null> {
  const row = await org.db
    .selectFrom("tools")
    .select(TOOL_COLUMNS)
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("name", "=", name)
    .executeTakeFirst();
  return row ?? null;
}

export async function deleteTools(org: OrgScope, connectorId: string, names: string[]): Promise<void> {
  if (names.length === 0) return;
  await org.db
    .deleteFrom("tools")
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("name", "in", names)
    .execute();
}

export async function updateConnectorName(org: OrgScope, id: string, name: string): Promise<void> {
  await org.db.updateTable("connectors").set({ name }).where("org_id", "=", org.id).where("id", "=", id).execute();
}

/** Ends all that hangs on it; its row stays, so that its slug does. Answers how many grants and credentials have ended. */
export async function archiveConnector(org: OrgScope, id: string): Promise<{ grants: number; credentials: number }> {
  const archived = { archived_at: new Date() };
  await org.db.updateTable("connectors").set(archived).where("org_id", "=", org.id).where("id", "=", id).execute();
  const end = async (table: "grants" | "credentials") => {
    const ended = await org.db
      .deleteFrom(table)
      .where("org_id", "=", org.id)
      .where("connector_id", "=", id)
      .executeTakeFirst();
    return Number(ended.numDeletedRows);
  };
  return { grants: await end("grants"), credentials: await end("credentials") };
}
