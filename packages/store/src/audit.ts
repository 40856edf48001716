import { randomFillSync } from "node:crypto";
import { type RequestOrigin, requestOrigin } from "@gatehouse/telemetry/request-span";
import { type RawBuilder, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { actingToken } from "./acting-token.ts";
import type { AuditEvent } from "./audit-events.ts";
import type { OrgScope } from "./database.ts";

/** One thing that happened in an org. What only some events have is in `entry`. */
export interface AuditRow {
  id: string;
  orgId: string;
  at: Date;
  event: AuditEvent;
  userId: string | null;
  connectorId: string | null;
  /** `ok`, or what went wrong in one word: a fault's code, `tool_error`, `cancelled`, … */
  outcome: string;
  entry: Record<string, unknown>;
}

/** Whose rows are those of no org: the deployment's own. */
export const NO_ORG = "00000000-0000-0000-0000-000000000000";

const RANDOM = Buffer.alloc(16 * 256);
let randomUsed = RANDOM.length;
let lastMs = 0;
let sequence = 0;

/**
 * UUIDv7 (RFC 9562 §5.7): in the order of time, and within a millisecond in the order of making. Randomness is fetched for
 * 256 at once: it is the fetching that costs.
 */
export function newAuditId(): string {
  if (randomUsed === RANDOM.length) {
    randomFillSync(RANDOM);
    randomUsed = 0;
  }
  const random = RANDOM.subarray(randomUsed, randomUsed + 16);
  randomUsed += 16;
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    sequence = random.readUInt32BE(0) >>> 1;
  } else sequence++;
  return uuidv7({ random, msecs: lastMs, seq: sequence });
}

/** Who writes rows: each is numbered from 1 on within its org, so that one that is taken away shows. */
export interface AuditStream {
  id: string;
  next(orgId: string): number;
}

export function newAuditStream(): AuditStream {
  const counters = new Map<string, number>();
  return {
    id: uuidv7(),
    next(orgId) {
      const counter = (counters.get(orgId) ?? 0) + 1;
      counters.set(orgId, counter);
      return counter;
    },
  };
}

/** JSON without what Postgres cannot read out of it again: NUL, and halves of surrogate pairs. */
export function entryText(entry: Record<string, unknown>): string {
  const text = JSON.stringify(entry);
  return text.includes("\\u") ? text.replace(/\\u(0000|d[89a-f]..)/g, "\\ufffd") : text;
}

/** Of rows that are part of other transactions. One that is undone leaves a number out. */
const transactions = newAuditStream();

/**
 * For changes made in the transaction that they are part of: both are there, or neither is. Where a request caused it, the row
 * says from where, and its trace.
 */
export async function insertAudit(
  org: OrgScope,
  row: Pick<AuditRow, "event" | "outcome" | "entry"> & Partial<Pick<AuditRow, "userId" | "connectorId">>,
): Promise<void> {
  await org.db
    .insertInto("audit")
    .values({
      id: newAuditId(),
      org_id: org.id,
      at: new Date(),
      event: row.event,
      user_id: row.userId ?? null,
      connector_id: row.connectorId ?? null,
      outcome: row.outcome,
      entry: entryText({ ...originOf(requestOrigin()), ...actingToken(), ...row.entry }),
      boot_id: transactions.id,
      counter: String(transactions.next(org.id)),
    })
    .execute();
}

const originOf = (origin: RequestOrigin | undefined) => origin && { address: origin.address, trace_id: origin.traceId };

/** A row with the names that were behind its ids, for people to read. */
export interface AuditEntry extends AuditRow {
  userEmail: string | null;
  serviceAccountName: string | null;
  connectorName: string | null;
  connectorSlug: string | null;
  /** Its place in the org's chain; `null` until it has one. */
  seq: number | null;
}

/** What rows are searched by; all that is given must hold. */
export interface AuditFilter {
  event?: string | undefined;
  outcome?: string | undefined;
  /** Of a member or a service account. */
  userIds?: string[] | undefined;
  connectorIds?: string[] | undefined;
  tool?: string | undefined;
  client?: string | undefined;
  /** The id of a static token. */
  token?: string | undefined;
  address?: string | undefined;
  traceId?: string | undefined;
  /** Somewhere in the error's text, in small letters or large. */
  error?: string | undefined;
  /** The id of the row that said that it was to be sent. */
  call?: string | undefined;
  method?: string | undefined;
  grant?: string | undefined;
  /** What the row has as their SHA-256. */
  arguments?: string | undefined;
  /** So many milliseconds at least. */
  slower?: number | undefined;
  /** So many bytes at least, of the request or of its answer. */
  larger?: number | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface AuditPage extends AuditFilter {
  limit: number;
  id?: string | undefined;
  /** The id of the last row that was seen. */
  before?: string | undefined;
}

const COLUMNS = sql`id, org_id, at, event, user_id, connector_id, outcome, entry`;

/** So many are looked at for a page, where no index serves a filter. */
const LOOKED_AT_MAX = 5000;

/** A page of what was found, and the row that the next one is before: `null` where there is none. */
export interface FoundAudit {
  entries: AuditEntry[];
  next: string | null;
}

/** All that is in the first page. */
export async function listAudit(org: OrgScope, page: AuditPage): Promise<AuditEntry[]> {
  return (await searchAudit(org, page)).entries;
}

/**
 * Newest first; ids are UUIDv7, so that they are in the order of time. Looks at what is chained, where an index serves most
 * filters in that order, and at the inbox. What only the rows themselves tell is looked for among the newest that the other
 * filters let through, so that a page takes no longer; it may be short, or have nothing, and still there is a next.
 */
export async function searchAudit(org: OrgScope, { limit, ...page }: AuditPage): Promise<FoundAudit> {
  const sieve = sieveOf(page);
  const countMax = sieve ? LOOKED_AT_MAX : limit + 1;
  const newest = sql`order by id desc limit ${countMax}`;
  const inbox = sql`
    (select ${COLUMNS}, null::bigint as seq from audit where ${conditions(org, page, TERMS_OF_ENTRY)} ${newest})`;
  const end = sql`(select id from seen order by id desc offset ${countMax - 1} limit 1)`;
  const { rows } = await sql<Seen>`
    with seen as materialized (
      select *, ${sieve ?? sql`true`} as matches
      from (${sql.join([inbox, ...fromLog(org, page, newest)], sql` union all `)}) a ${newest})
    select a.matches, a.id = ${end} as "isEnd", a.id, a.org_id as "orgId", a.at, a.event, a.user_id as "userId", u.email as "userEmail",
      s.name as "serviceAccountName", a.connector_id as "connectorId", c.name as "connectorName",
      c.slug as "connectorSlug", a.outcome, a.entry, a.seq::float8 as seq
    from seen a
    left join users u on u.id = a.user_id
    left join service_accounts s on s.org_id = a.org_id and s.id = a.user_id
    left join connectors c on c.org_id = a.org_id and c.id = a.connector_id
    where a.matches or a.id = ${end}
    order by a.id desc limit ${limit + 1}`.execute(org.db);
  const entries = rows.filter(({ matches }) => matches).map(({ matches: _, isEnd: __, ...entry }) => entry);
  if (entries.length > limit) return { entries: entries.slice(0, limit), next: entries[limit - 1]!.id };
  return { entries, next: rows.find(({ isEnd }) => isEnd)?.id ?? null };
}

interface Seen extends AuditEntry {
  matches: boolean;
  /** More were not looked at. */
  isEnd: boolean;
}

/** What no index has; `null` where nothing of it is asked for. */
function sieveOf({ method, grant, arguments: sha256, slower, larger }: AuditFilter): RawBuilder<unknown> | null {
  const all: RawBuilder<unknown>[] = [];
  if (method) all.push(sql`entry ->> 'method' = ${method}`);
  if (grant) all.push(sql`entry ->> 'grant' = ${grant}`);
  if (sha256) all.push(sql`entry -> 'arguments' ->> 'sha256' = ${sha256}`);
  if (slower !== undefined) all.push(sql`(entry ->> 'duration_ms')::float8 >= ${slower}`);
  if (larger !== undefined) {
    all.push(sql`greatest((entry ->> 'bytes_in')::float8, (entry ->> 'bytes_out')::float8) >= ${larger}`);
  }
  return all.length > 0 ? sql.join(all, sql` and `) : null;
}

/**
 * For each user and each way of saying the client on their own: of several, no index has the newest first. Errors and events are
 * looked through in their index alone.
 */
function fromLog(org: OrgScope, page: Omit<AuditPage, "limit">, newest: RawBuilder<unknown>): RawBuilder<unknown>[] {
  const pages = page.userIds ? page.userIds.map((userId) => ({ ...page, userIds: [userId] })) : [page];
  const ways = page.client ? [TERMS_OF_COLUMNS, TERMS_OF_OLDER_ROWS] : [TERMS_OF_COLUMNS];
  return pages.flatMap((page) =>
    ways.map((terms) => {
      const wanted = sql`from audit_log where ${conditions(org, page, terms)} ${newest}`;
      if (!page.error && !page.event) return sql`(select ${COLUMNS}, seq ${wanted})`;
      return sql`(select ${COLUMNS}, seq from audit_log where org_id = ${org.id} and id in (select id ${wanted}))`;
    }),
  );
}

/** Members by their email, service accounts by their name. */
export async function listSubjectIds(org: OrgScope, who: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from users where email = lower(${who})
    union all select id from service_accounts where org_id = ${org.id} and name = ${who}`.execute(org.db);
  return rows.map(({ id }) => id);
}

/** Of connectors that are there and that are not any more, by slug. */
export async function listConnectorIds(org: OrgScope, slug: string): Promise<string[]> {
  const rows = await org.db
    .selectFrom("connectors")
    .select("id")
    .where("org_id", "=", org.id)
    .where("slug", "=", slug)
    .execute();
  return rows.map(({ id }) => id);
}

/** `null` where the org has no such row. */
export async function findAuditEntry(org: OrgScope, id: string): Promise<AuditEntry | null> {
  const [row] = await listAudit(org, { limit: 1, id });
  return row ?? null;
}

/** A call that changes something is told twice, before it is sent and after: of either row, the other. */
export async function findOtherHalf(org: OrgScope, { id, entry }: AuditRow): Promise<AuditEntry | null> {
  const { phase, call, trace_id: traceId } = entry as Partial<Record<string, string>>;
  if (phase === "outcome" && call) return findAuditEntry(org, call);
  if (phase !== "intent" || !traceId) return null;
  const halves = await listAudit(org, { limit: 2, event: "call", traceId, call: id });
  return halves.find((row) => row.id !== id) ?? null;
}

type Term = "tool" | "client" | "token" | "address" | "traceId" | "error";

const TERMS_OF_ENTRY: Record<Term, RawBuilder<unknown>> = {
  tool: sql`entry ->> 'tool'`,
  client: sql`coalesce(entry ->> 'client', entry ->> 'client_id')`,
  token: sql`entry ->> 'token'`,
  address: sql`entry ->> 'address'`,
  traceId: sql`entry ->> 'trace_id'`,
  error: sql`lower(entry ->> 'error')`,
};

const TERMS_OF_COLUMNS: Record<Term, RawBuilder<unknown>> = {
  tool: sql`tool`,
  client: sql`client`,
  token: sql`token`,
  address: sql`address`,
  traceId: sql`trace_id`,
  error: sql`error`,
};

/** What is not a call once said `client_id`. */
const TERMS_OF_OLDER_ROWS: Record<Term, RawBuilder<unknown>> = {
  ...TERMS_OF_COLUMNS,
  client: sql`client is null and event <> 'call' and entry ->> 'client_id'`,
};

function conditions(org: OrgScope, filter: Omit<AuditPage, "limit">, terms: typeof TERMS_OF_ENTRY) {
  const all: RawBuilder<unknown>[] = [sql`org_id = ${org.id}`];
  const { event, outcome, userIds, connectorIds, error, call, from, to, id, before } = filter;
  if (id) all.push(sql`id = ${id}`);
  if (before) all.push(sql`id < ${before}`);
  if (from) all.push(sql`id >= audit_id_at(${from})`);
  if (to) all.push(sql`id < audit_id_at(${to})`);
  if (event) all.push(sql`event = ${event}`);
  if (outcome) all.push(sql`outcome = ${outcome}`);
  if (userIds) all.push(isOneOf(sql`user_id`, userIds));
  if (connectorIds) all.push(isOneOf(sql`connector_id`, connectorIds));
  for (const term of ["tool", "client", "token", "address", "traceId"] as const) {
    if (filter[term]) all.push(sql`${terms[term]} = ${filter[term]}`);
  }
  if (call) all.push(sql`entry ->> 'call' = ${call}`);
  if (error) all.push(sql`${terms.error} like ${`%${error.toLowerCase().replace(/[\\%_]/g, "\\$&")}%`}`);
  return sql.join(all, sql` and `);
}

/** An index has the newest of one first. */
function isOneOf(column: RawBuilder<unknown>, ids: string[]): RawBuilder<unknown> {
  return ids.length === 1 ? sql`${column} = ${ids[0]}` : sql`${column} = any(${ids}::uuid[])`;
}
