import { type Expression, type Kysely, type RawBuilder, type SqlBool, sql } from "kysely";
import type { OrgScope } from "./database.ts";
import type { LimitedSubject } from "./limits.ts";
import { within } from "./page.ts";
import { CLIENT_OF_TOKEN } from "./static-tokens.ts";
import type { Tables } from "./tables.ts";

/** What quotas are by: the calendar's, UTC. */
export type Period = "day" | "month";

/** What a subject has used in the present day or month, as far as it is in `usage_hours`. Bytes are both ways. */
export function findUsed(
  org: OrgScope,
  subject: LimitedSubject,
  period: Period,
): Promise<{ calls: number; bytes: number }> {
  return org.db
    .selectFrom("usage_hours")
    .select([
      sql<number>`coalesce(sum(calls), 0)::float8`.as("calls"),
      sql<number>`coalesce(sum(bytes_in + bytes_out), 0)::float8`.as("bytes"),
    ])
    .where("org_id", "=", org.id)
    .where("hour", ">=", sql<Date>`date_trunc(${sql.lit(period)}, now(), 'UTC')`)
    .where(isOf(subject))
    .executeTakeFirstOrThrow();
}

function isOf({ subject, subjectId }: LimitedSubject): Expression<SqlBool> {
  switch (subject) {
    case "org":
      return sql`true`;
    case "member":
      return sql`user_id = ${subjectId}::uuid`;
    case "client":
      return sql`client = ${subjectId}`;
    case "connector":
      return sql`connector_id = ${subjectId}::uuid`;
    case "tool":
      return sql`connector_id || '/' || tool = ${subjectId}`;
  }
}

/** As `gatehouse_chain`: orgs whose chains go further than what is counted of them. */
export async function listOrgsToCount(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ orgId: string }>`
    select c.org_id as "orgId" from audit_chains c left join usage_cursors u on u.org_id = c.org_id
    where c.seq > coalesce(u.seq, c.retained_seq)`.execute(db);
  return rows.map(({ orgId }) => orgId);
}

/**
 * As `gatehouse_chain`: counts the next rows of an org's chain, and remembers how far in the same transaction, so that each
 * counts once, whoever counts and however often. Answers how many rows of the chain there are yet to count.
 */
export async function countChained(db: Kysely<Tables>, orgId: string, countMax: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ from: string; to: string; left: number }>`
      insert into usage_cursors (org_id, seq)
        select org_id, retained_seq from audit_chains where org_id = ${orgId}
      on conflict (org_id) do update set seq = usage_cursors.seq
      returning seq::text as "from",
        least(seq + ${countMax}, (select c.seq from audit_chains c where c.org_id = ${orgId}))::text as "to",
        greatest(0, (select c.seq from audit_chains c where c.org_id = ${orgId}) - seq - ${countMax})::float8 as "left"
    `.execute(transaction);
    const { from, to, left } = rows[0]!;
    await addToHours(transaction, orgId, { from, to });
    await sql`update usage_cursors set seq = ${to}::bigint where org_id = ${orgId}`.execute(transaction);
    return left;
  });
}

/** In milliseconds, within which calls are counted by how long they took; the last count is of those above. */
const BOUNDS_MS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000] as const;
const COUNTS = Array.from({ length: BOUNDS_MS.length + 1 }, (_, index) => index);

/** A count for each of `COUNTS`, of the rows that are about a call. */
const COUNTED = `array[${COUNTS.map(
  (index) =>
    `count(*) filter (where width_bucket((entry ->> 'duration_ms')::float8, '{${BOUNDS_MS}}'::float8[]) = ${index})`,
)}]`;

/** As limits name it. */
const CLIENT = `coalesce(entry ->> 'client', '${CLIENT_OF_TOKEN}' || (entry ->> 'token'), '')`;

/** What is no call, and no refusal, uses nothing; a call that began and has not ended yet is counted when it has. */
async function addToHours(db: Kysely<Tables>, orgId: string, range: { from: string; to: string }): Promise<void> {
  await sql`
    insert into usage_hours (org_id, hour, user_id, client, connector_id, tool,
      calls, errors, refused, bytes_in, bytes_out, duration_ms, duration_ms_max, durations)
    select org_id, date_trunc('hour', at, 'UTC'), user_id, ${sql.raw(CLIENT)}, connector_id,
      coalesce(entry ->> 'tool', ''),
      count(*) filter (where event = 'call'),
      count(*) filter (where event = 'call' and outcome not in ('ok', 'input_required', 'undelivered', 'cancelled', 'closed')),
      coalesce(sum((entry ->> 'count')::bigint) filter (where event = 'limit.refused'), 0),
      coalesce(sum((entry ->> 'bytes_in')::bigint), 0),
      coalesce(sum((entry ->> 'bytes_out')::bigint), 0),
      coalesce(sum((entry ->> 'duration_ms')::float8), 0),
      coalesce(max((entry ->> 'duration_ms')::float8), 0),
      ${sql.raw(COUNTED)}
    from audit_log
    where org_id = ${orgId} and seq > ${range.from}::bigint and seq <= ${range.to}::bigint
      and (event = 'limit.refused' or event = 'call' and entry ->> 'phase' <> 'intent')
      and user_id is not null and connector_id is not null
    group by 1, 2, 3, 4, 5, 6
    on conflict (org_id, hour, connector_id, tool, user_id, client) do update set
      calls = usage_hours.calls + excluded.calls,
      errors = usage_hours.errors + excluded.errors,
      refused = usage_hours.refused + excluded.refused,
      bytes_in = usage_hours.bytes_in + excluded.bytes_in,
      bytes_out = usage_hours.bytes_out + excluded.bytes_out,
      duration_ms = usage_hours.duration_ms + excluded.duration_ms,
      duration_ms_max = greatest(usage_hours.duration_ms_max, excluded.duration_ms_max),
      durations = (select array_agg(one + other order by place)
        from unnest(usage_hours.durations, excluded.durations) with ordinality as t (one, other, place))`.execute(db);
}

/** As `gatehouse_chain`. */
export async function deleteUsageBefore(db: Kysely<Tables>, before: Date): Promise<void> {
  await db.deleteFrom("usage_hours").where("hour", "<", before).execute();
}

/** Sums over hours; durations are means, maxima and percentiles, in milliseconds. */
export interface Usage {
  calls: number;
  errors: number;
  refused: number;
  bytesIn: number;
  bytesOut: number;
  durationMsMean: number;
  durationMsMax: number;
  /** As exact as the bounds that durations are counted within. */
  durationMsP50: number;
  durationMsP95: number;
}

const SUMS = [
  sql<number>`sum(calls)::float8`.as("calls"),
  sql<number>`sum(errors)::float8`.as("errors"),
  sql<number>`sum(refused)::float8`.as("refused"),
  sql<number>`sum(bytes_in)::float8`.as("bytesIn"),
  sql<number>`sum(bytes_out)::float8`.as("bytesOut"),
  sql<number>`coalesce(sum(duration_ms) / nullif(sum(calls), 0), 0)`.as("durationMsMean"),
  sql<number>`max(duration_ms_max)`.as("durationMsMax"),
  sql.raw<string[]>(`array[${COUNTS.map((index) => `sum(durations[${index + 1}])`)}]`).as("durations"),
] as const;

type Summed = Omit<Usage, "durationMsP50" | "durationMsP95"> & { durations: string[] };

function withPercentiles<Row extends Summed>({ durations, ...row }: Row): Omit<Row, "durations"> & Usage {
  const counts = durations.map(Number);
  const [durationMsP50, durationMsP95] = [
    percentile(counts, row.durationMsMax, 0.5),
    percentile(counts, row.durationMsMax, 0.95),
  ];
  return { ...row, durationMsP50, durationMsP95 };
}

/** As if those within two bounds were spread evenly; none took longer than the slowest. */
function percentile(counts: number[], max: number, part: number): number {
  const wanted = part * counts.reduce((sum, count) => sum + count, 0);
  let passed = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && passed + count >= wanted) {
      const from = index === 0 ? 0 : BOUNDS_MS[index - 1]!;
      const to = Math.min(BOUNDS_MS[index] ?? max, max);
      return Math.min(max, from + ((to - from) * (wanted - passed)) / count);
    }
    passed += count;
  }
  return 0;
}

export type UsageBy = "connector" | "tool" | "member" | "client";

/** `id` is of what it is by, as limits name it; "" where there is none. */
export type UsageOf = Usage & { id: string };

const ID_OF: Record<UsageBy, string> = {
  connector: "connector_id::text",
  tool: "case when tool = '' then '' else connector_id || '/' || tool end",
  member: "user_id::text",
  client: "client",
};

/** Most calls first. */
export async function listUsageBy(org: OrgScope, by: UsageBy, since: Date, countMax: number): Promise<UsageOf[]> {
  const rows = await org.db
    .selectFrom("usage_hours")
    .select([sql.raw<string>(ID_OF[by]).as("id"), ...SUMS])
    .where("org_id", "=", org.id)
    .where("hour", ">=", since)
    .groupBy(sql.raw(ID_OF[by]))
    .orderBy("calls", "desc")
    .orderBy("id")
    .limit(countMax)
    .execute();
  return rows.map(withPercentiles);
}

/** By hours or by days, UTC, the oldest first; those without any use are not there. */
export async function listUsageOverTime(
  org: OrgScope,
  step: "hour" | "day",
  since: Date,
): Promise<(Usage & { at: Date })[]> {
  const at = sql<Date>`date_trunc(${sql.lit(step)}, hour, 'UTC')`;
  const rows = await org.db
    .selectFrom("usage_hours")
    .select([at.as("at"), ...SUMS])
    .where("org_id", "=", org.id)
    .where("hour", ">=", since)
    .groupBy(at)
    .orderBy("at")
    .execute();
  return rows.map(withPercentiles);
}

/** Of the org as a whole, in one; `null` where nothing was called. */
export async function sumUsage(org: OrgScope, since: Date): Promise<Usage | null> {
  const row = await org.db
    .selectFrom("usage_hours")
    .select(SUMS)
    .where("org_id", "=", org.id)
    .where("hour", ">=", since)
    .having(({ fn }) => fn.countAll(), ">", 0)
    .executeTakeFirst();
  return row ? withPercentiles(row) : null;
}

/** One row of `usage_hours`, with the names that people know. */
export interface UsageHour extends Usage {
  hour: Date;
  connectorId: string;
  connector: string | null;
  tool: string;
  memberId: string;
  member: string | null;
  clientId: string;
  client: string | null;
}

export async function listUsageHours(org: OrgScope, { from, to }: { from: Date; to: Date }): Promise<UsageHour[]> {
  const rows = await org.db
    .selectFrom("usage_hours as h")
    .leftJoin("connectors as c", (join) => join.onRef("c.id", "=", "h.connector_id").onRef("c.org_id", "=", "h.org_id"))
    .leftJoin("users as u", "u.id", "h.user_id")
    .leftJoin("service_accounts as s", (join) =>
      join.onRef("s.id", "=", "h.user_id").onRef("s.org_id", "=", "h.org_id"),
    )
    .leftJoin(sql<Named>`(${SUBJECTS.client(org)})`.as("n"), "n.id", "h.client")
    .select([
      "h.hour",
      "h.connector_id as connectorId",
      "c.slug as connector",
      "h.tool",
      "h.user_id as memberId",
      sql<string | null>`coalesce(u.email, s.name)`.as("member"),
      "h.client as clientId",
      "n.name as client",
      ...SUMS,
    ])
    .where("h.org_id", "=", org.id)
    .where("h.hour", ">=", from)
    .where("h.hour", "<", to)
    .groupBy(["h.hour", "h.connector_id", "c.slug", "h.tool", "h.user_id", "u.email", "s.name", "h.client", "n.name"])
    .orderBy("h.hour")
    .execute();
  return rows.map(withPercentiles);
}

/** Whatever is limited and counted by itself, under the id that limits and usage know it by. */
const SUBJECTS: Record<UsageBy, (org: OrgScope) => RawBuilder<Named>> = {
  connector: ({ id }) => sql`select id::text, name from connectors where org_id = ${id} and archived_at is null`,
  member: ({ id }) => sql`
    select u.id::text, u.email as name from memberships m join users u on u.id = m.user_id where m.org_id = ${id}
    union all select id::text, name from service_accounts where org_id = ${id}`,
  client: ({ id }) => sql`
    select i.client_id as id, c.name from client_ids i join clients c on c.org_id = i.org_id and c.identity = i.identity
    where i.org_id = ${id}
    union all select ${CLIENT_OF_TOKEN} || id, name from static_tokens where org_id = ${id}`,
  tool: ({ id }) => sql`
    select t.connector_id || '/' || t.name as id, t.name || ' · ' || c.name as name
    from tools t join connectors c on c.org_id = t.org_id and c.id = t.connector_id
    where t.org_id = ${id} and c.archived_at is null`,
};

export interface Named {
  id: string;
  name: string;
}

/** What these ids are called; what is gone is not there. */
export async function listSubjectNames(org: OrgScope, by: UsageBy, ids: string[]): Promise<Named[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<Named>`select id, name from (${SUBJECTS[by](org)}) s where id = any(${ids})`.execute(
    org.db,
  );
  return rows;
}

/** By name. */
export async function searchSubjects(
  org: OrgScope,
  by: UsageBy,
  { search, limit }: { search: string; limit: number },
): Promise<Named[]> {
  const { rows } = await sql<Named>`
    select id, name from (${SUBJECTS[by](org)}) s where name ilike ${within(search)}
    order by lower(name), id limit ${limit}`.execute(org.db);
  return rows;
}
