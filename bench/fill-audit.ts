import type { Database } from "@gatehouse/store/database";
import { insertOrg } from "@gatehouse/store/orgs";
import { sql } from "kysely";

// An audit log of as many rows as one likes, as the chain job would leave it after half a year: partitions by month, each with
// its indexes, filled in the order of time. Everything in a row follows from its number, so that two runs search the same.
// Hashes are of the number: there is nothing here to verify.

const DAYS = 182;
const ROWS_AT_ONCE = 50_000;
const SMALL_ORGS = 200;

/** Whose four fifths of all rows are. */
export const BIG_ORG = "big";

export interface Filled {
  orgId: string;
  /** Who has most rows. */
  userId: string;
  from: Date;
  to: Date;
}

/** As the database's owner. */
export async function fillAudit(db: Database, rows: number, count: (rows: number) => void): Promise<Filled> {
  const to = new Date();
  const from = new Date(to.getTime() - DAYS * 86_400_000);
  const orgId = await furnishOrgs(db);
  const months = sql`generate_series(${from}::timestamptz at time zone 'UTC', ${to}::timestamptz at time zone 'UTC' + interval '1 month', '1 month')`;
  await sql`select make_audit_month(month) from ${months} as month`.execute(db);
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    await insertRows(db, { first, last: Math.min(first + ROWS_AT_ONCE, rows) - 1, rows, from });
    count(Math.min(first + ROWS_AT_ONCE, rows));
  }
  await sql`insert into usage_cursors (org_id, seq) select org_id, seq from audit_chains`.execute(db);
  await settle(db);
  const { rows: users } = await sql<{ id: string }>`select ${uuidOf("user", sql`0`)} as id`.execute(db);
  return { orgId, userId: users[0]!.id, from, to };
}

/** As autovacuum leaves it: each partition, and never what they are partitions of. */
async function settle(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass`.execute(db);
  for (const name of [...rows.map((row) => row.name), "users", "connectors", "service_accounts", "audit"])
    await sql`vacuum (analyze) ${sql.table(name)}`.execute(db);
  await sql`checkpoint`.execute(db);
}

const uuidOf = (what: string, number: ReturnType<typeof sql>) => sql`md5(${sql.lit(`${what} `)} || ${number})::uuid`;

/** One org of 5000 people, 40 connectors and 20 service accounts, and 200 of 10 and 3. Answers the big one's id. */
async function furnishOrgs(db: Database): Promise<string> {
  const { id } = await insertOrg(db, { slug: BIG_ORG, name: "Big" });
  await sql`
    insert into orgs (id, slug, name)
    select ${uuidOf("org", sql`n`)}, 'small-' || n, 'Small ' || n from generate_series(1, ${SMALL_ORGS}::int) n`.execute(
    db,
  );
  await sql`
    insert into users (id, email, name, password_hash)
    select ${uuidOf("user", sql`n`)}, 'user-' || n || '@example.com', 'User ' || n, 'not used'
    from generate_series(0, ${4999 + 10 * SMALL_ORGS}::int) n`.execute(db);
  await sql`
    insert into memberships (org_id, user_id, role)
    select case when n < 5000 then ${id}::uuid else ${uuidOf("org", sql`1 + (n - 5000) / 10`)} end, ${uuidOf("user", sql`n`)},
      case when n = 0 then 'owner' else 'member' end
    from generate_series(0, ${4999 + 10 * SMALL_ORGS}::int) n`.execute(db);
  await sql`
    insert into connectors (id, org_id, slug, name, url, era, protocol_version, server_name)
    select ${uuidOf("connector", sql`n`)}, case when n < 40 then ${id}::uuid else ${uuidOf("org", sql`1 + (n - 40) / 3`)} end,
      'connector-' || n, 'Connector ' || n, 'https://mcp.example.com/mcp', 'modern', '2026-07-28', 'example'
    from generate_series(0, ${39 + 3 * SMALL_ORGS}::int) n`.execute(db);
  await sql`
    insert into service_accounts (id, org_id, name, created_by)
    select ${uuidOf("service account", sql`n`)}, ${id}::uuid, 'robot-' || n, ${uuidOf("user", sql`0`)}
    from generate_series(0, 19) n`.execute(db);
  return id;
}

interface Part {
  first: number;
  last: number;
  /** Of the whole. */
  rows: number;
  from: Date;
}

/** A number below 1 that follows from a row's, and another for each salt. */
const roll = (salt: number) => sql`((hashint8extended(x, ${sql.lit(salt)}) & 1048575) / 1048576::float8)`;

const VERBS = "{search,get,list,read,find,create,update,delete,send,move,merge,close,comment,assign,export}";
const NOUNS =
  "{issues,pages,messages,events,files,tickets,invoices,customers,commits,branches,boards,cards,alerts,dashboards,queries,tables,contacts,deals,orders,builds}";

/**
 * Of ten rows the last two are one write, before and after. Nine tenths are calls, three in a hundred of them failed. Every tenth
 * person and some connectors are there in the first half alone, others in the second alone: what two of them have in common is
 * nothing, and neither is in the newest rows.
 */
async function insertRows(db: Database, { first, last, rows, from }: Part): Promise<void> {
  const half = sql.lit(Math.floor(rows / 2));
  const step = sql.lit((DAYS * 86_400_000) / rows);
  const rare = sql`(r % ${sql.lit(Math.ceil(rows / 500) * 10)} = 5 and r < ${sql.lit(rows / 4)})`;
  await sql`
    with numbered as (
      select r, r - (r % 10 = 9)::int as x, floor(${sql.lit(from.getTime())} + r * ${step}::float8)::bigint as ms
      from generate_series(${first}::bigint, ${last}::bigint) r
    ), rolled as (
      select r, x, ms,
        case when ${roll(1)} < 0.8 then 0 else 1 + floor(${sql.lit(SMALL_ORGS)} * ${roll(2)} ^ 2)::int end as org_no,
        case when ${rare} then 0 else ${roll(3)} end as kind,
        case when ${rare} then 0.01 else ${roll(10)} end < 0.03 as failed,
        case when ${rare} then 8 else floor(8 * ${roll(11)})::int end as failure,
        floor(12 * ${roll(7)} ^ 3)::int as client_no,
        case when ${roll(8)} < 0.08 then floor(20 * ${roll(9)} ^ 2)::int end as robot_no
      from numbered
    ), placed as (
      select *,
        case when org_no = 0 then floor(5000 * ${roll(4)} ^ 3)::int else 4990 + 10 * org_no + floor(10 * ${roll(4)})::int end as person_no,
        case when org_no = 0 then floor(40 * ${roll(5)} ^ 2)::int else 37 + 3 * org_no + floor(3 * ${roll(5)})::int end as connector_no,
        1 + floor(15 * ${roll(6)} ^ 2)::int as verb_no
      from rolled
    ), alive as (
      select *,
        person_no + (person_no % 10 = 7 and r >= ${half})::int as person,
        connector_no + (org_no = 0 and (connector_no % 10 = 3 and r >= ${half} or connector_no % 10 = 6 and r < ${half}))::int
          as connector
      from placed
    ), told as (
      select *,
        case when org_no = 0 then (select id from orgs where slug = ${BIG_ORG}) else ${uuidOf("org", sql`org_no`)} end as org_id,
        case when org_no = 0 and robot_no is not null then ${uuidOf("service account", sql`robot_no`)}
          else ${uuidOf("user", sql`person`)} end as user_id,
        case when org_no = 0 and robot_no is not null then ${uuidOf("static token", sql`robot_no`)}::text end as token,
        case when kind < 0.92 then ${uuidOf("connector", sql`connector`)} end as connector_id,
        case
          when kind < 0.92 then 'call' when kind < 0.955 then 'token.refreshed' when kind < 0.975 then 'token.issued'
          when kind < 0.985 then 'sign_in' when kind < 0.99 then 'consent.granted' when kind < 0.995 then 'limit.refused'
          when kind < 0.998 then 'link.renewed' when kind < 0.9999 then 'connector.changed' else 'tools.changed' end as event,
        case when kind < 0.92 then
          (${sql.lit(VERBS)}::text[])[verb_no] || '_' || (${sql.lit(NOUNS)}::text[])[1 + connector % 20] end as tool,
        case when kind < 0.92 then md5('trace ' || x) end as trace_id,
        case when r % 10 = 8 then 'intent' when r % 10 = 9 then 'outcome' else 'whole' end as phase,
        '203.' || person / 4000 || '.' || person / 16 % 250 || '.' || person % 16 * 15 + floor(3 * ${roll(12)})::int as address
      from alive
    ), said as (
      select *,
        case when token is null then 'https://client-' || client_no || '.example/oauth/client.json' end as client,
        case when kind >= 0.92 or phase = 'intent' or not failed then null else (array[
          'The upstream did not answer within 60 s',
          'MCP error -32602: Invalid arguments for tool ' || tool || ': expected string at issue_' || x % 1000,
          'API rate limit exceeded for installation ' || 10000 + x % 5000,
          'Not Found: repository acme/service-' || x % 300,
          'The upstream server failed: connect ECONNREFUSED 10.3.0.' || x % 250,
          'This tool may not be called with this token',
          'Internal Server Error (request ' || md5('request ' || x) || ')',
          'The account is not linked any more: token expired',
          'The certificate of billing.example has expired'])[failure + 1] end as error
      from told
    ), ended as (
      select *,
        case
          when phase = 'intent' then 'started' when error is null then 'ok'
          else ('{upstream_timeout,rpc_error,tool_error,tool_error,upstream_failed,forbidden,upstream_failed,unlinked,upstream_failed}'
            ::text[])[failure + 1] end as outcome,
        (lpad(to_hex(ms), 12, '0') || '7' || substr(md5(r::text), 1, 3) || '8' || substr(md5(r::text), 4, 15))::uuid as id
      from said
    ), made as (
      insert into audit_log (id, org_id, at, event, user_id, connector_id, outcome, entry, boot_id, counter, seq, hash,
        tool, client, token, address, trace_id, error)
      select id, org_id, to_timestamp(ms / 1000.0), event, user_id, connector_id, outcome,
        ('{"phase":"' || phase || '"'
          || case when phase = 'whole' then '' else ',"call":"' || md5('call ' || x)::uuid || '"' end
          || coalesce(',"method":"tools/call","tool":"' || tool || '"', '')
          || coalesce(',"client":"' || client || '","grant":"' || md5('grant ' || person) || '"', '')
          || coalesce(',"token":"' || token || '","token_name":"nightly"', '')
          || ',"era":"modern","version":"2026-07-28","address":"' || address || '","arguments":{"sha256":"' || encode(sha256(int8send(x)), 'hex') || '"}'
          || coalesce(',"error":' || to_json(error), '')
          || ',"bytes_in":' || 400 + x % 700
          || case when phase = 'intent' then '' else ',"bytes_out":' || 300 + x % 9000 || ',"duration_ms":' || round((x % 90000) / 100.0, 2) end
          || coalesce(',"trace_id":"' || trace_id || '"', '') || '}')::json,
        md5('boot ' || r / 1000000)::uuid, r % 1000000 + 1,
        coalesce((select seq from audit_chains c where c.org_id = ended.org_id), 0) + row_number() over (partition by org_id order by id),
        sha256(int8send(r)), tool, client, token, address, trace_id, lower(error)
      from ended order by id
      returning org_id, seq, hash
    )
    insert into audit_chains (org_id, seq, hash)
    select distinct on (org_id) org_id, seq, hash from made order by org_id, seq desc
    on conflict (org_id) do update set seq = excluded.seq, hash = excluded.hash`.execute(db);
}
