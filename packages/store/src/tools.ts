import { type RawBuilder, sql } from "kysely";
import { TOOL_COLUMNS, type Tool } from "./connectors.ts";
import type { OrgScope } from "./database.ts";
import { type Page, within } from "./page.ts";
import type { Classification } from "./tables.ts";

const STANDINGS = {
  offered: sql<boolean>`offered`,
  off: sql<boolean>`not offered`,
  read: sql<boolean>`classification = 'read'`,
  /** What is not classified counts as a write. */
  write: sql<boolean>`classification is distinct from 'read'`,
  unclassified: sql<boolean>`classification is null`,
  edited: sql<boolean>`(edits is not null or open_to is not null)`,
};

/** Which of a connector's tools; all that is given must hold. */
export interface ToolFilter {
  /** In what it is called or said to be, by its upstream or by its owner. */
  search?: string | undefined;
  tag?: string | undefined;
  show?: keyof typeof STANDINGS | undefined;
}

function matching(org: OrgScope, connectorId: string, { search, tag, show }: ToolFilter): RawBuilder<boolean> {
  const conditions = [sql`org_id = ${org.id}`, sql`connector_id = ${connectorId}`];
  if (show) conditions.push(STANDINGS[show]);
  if (tag) conditions.push(sql`${tag} = any(tags)`);
  if (search) {
    conditions.push(sql`concat_ws(' ', name, definition ->> 'title', definition ->> 'description', operation,
      edits ->> 'name', edits ->> 'title', edits ->> 'description') ilike ${within(search)}`);
  }
  return sql.join(conditions, sql` and `);
}

/** By name; `after` is the name of the last one that was seen. */
export function pageTools(org: OrgScope, connectorId: string, filter: ToolFilter & Page): Promise<Tool[]> {
  const { after, limit } = filter;
  let query = org.db
    .selectFrom("tools")
    .select(TOOL_COLUMNS)
    .where(matching(org, connectorId, filter));
  if (after) query = query.where("name", ">", after);
  return query.orderBy("name").limit(limit).execute();
}

export interface ToolsSummary {
  total: number;
  offered: number;
  /** Of those that nobody has classified, those that their server itself calls reads. */
  suggestedReads: number;
  /** Another one once any of them has been decided on, or is there no more. */
  revision: string;
}

export async function summarizeTools(org: OrgScope, connectorId: string, filter: ToolFilter): Promise<ToolsSummary> {
  const { rows } = await sql<ToolsSummary>`
    select count(*)::int as total,
      count(*) filter (where offered)::int as offered,
      count(*) filter (where classification is null and ${CALLED_READ})::int as "suggestedReads",
      md5(coalesce(string_agg(concat_ws(' ', name, offered, classification), ',' order by name), '')) as revision
    from tools where ${matching(org, connectorId, filter)}
  `.execute(org.db);
  return rows[0]!;
}

const CALLED_READ = sql<boolean>`(definition #>> '{annotations,readOnlyHint}') is not distinct from 'true'`;

/** What a connector's tools are filed under. */
export async function listTags(org: OrgScope, connectorId: string): Promise<string[]> {
  const { rows } = await sql<{ tag: string }>`
    select distinct unnest(tags) as tag from tools where ${matching(org, connectorId, {})} order by tag
  `.execute(org.db);
  return rows.map(({ tag }) => tag);
}

export interface ToolsDecision {
  offered?: boolean | undefined;
  /** `suggested` is what the server says of each: what it does not call a read is a write. */
  classification?: Classification | "suggested" | undefined;
}

export interface DecidedTool {
  name: string;
  before: Pick<Tool, "offered" | "classification">;
  after: Pick<Tool, "offered" | "classification">;
}

/** The owner's decision on all that match; answers those that it has changed, by name. */
export async function decideOnTools(
  org: OrgScope,
  connectorId: string,
  filter: ToolFilter,
  decision: ToolsDecision,
): Promise<DecidedTool[]> {
  const decided = sql.join([offeredAs(decision), classifiedAs(decision)]);
  const { rows } = await sql<DecidedTool>`
    with was as (
      select name, offered, classification from tools where ${matching(org, connectorId, filter)}
      order by name for update
    ), changed as (
      update tools t set (offered, classification) = row(${decided}) from was
      where t.org_id = ${org.id} and t.connector_id = ${connectorId} and t.name = was.name
        and (t.offered, t.classification) is distinct from (${decided})
      returning t.name,
        jsonb_build_object('offered', was.offered, 'classification', was.classification) as before,
        jsonb_build_object('offered', t.offered, 'classification', t.classification) as after
    )
    select * from changed order by name
  `.execute(org.db);
  return rows;
}

const offeredAs = ({ offered }: ToolsDecision) => (offered === undefined ? sql`t.offered` : sql`${offered}::boolean`);

function classifiedAs({ classification }: ToolsDecision) {
  if (classification === undefined) return sql`t.classification`;
  if (classification === "suggested") return sql`case when ${CALLED_READ} then 'read' else 'write' end`;
  return sql`${classification}::text`;
}
