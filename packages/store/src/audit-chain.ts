import { type Kysely, sql, type Transaction } from "kysely";
import type { Tables } from "./tables.ts";

// As `gatehouse_chain`, whose rows are those of all orgs.

/** A row as it is hashed: `at` as RFC 3339 with microseconds. */
export interface LoggedRow {
  id: string;
  org: string;
  at: string;
  event: string;
  user: string | null;
  connector: string | null;
  outcome: string;
  entry: Record<string, unknown>;
  boot: string;
  counter: number;
}

/** With its place in the chain, and what it is searched by. */
export interface NewChainedRow extends LoggedRow {
  seq: number;
  hash: string;
  tool: string | null;
  client: string | null;
  token: string | null;
  address: string | null;
  traceId: string | null;
  error: string | null;
}

export interface ChainState {
  org: string;
  seq: number;
  hash: string;
  /** The last row that is not kept any more; 0 where all are. */
  retainedSeq: number;
  retainedHash: string;
  /** When it last grew. */
  at: Date;
}

const LOGGED = sql<LoggedRow>`id, org_id as org, event, user_id as "user", connector_id as connector, outcome, entry,
  boot_id as boot, counter::float8 as counter, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;

/** Runs `work` in a transaction, unless another process is at it: then `null`. */
export async function whileChaining<T>(
  db: Kysely<Tables>,
  work: (db: Transaction<Tables>) => Promise<T>,
): Promise<T | null> {
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ taken: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended('audit chain', 0)) as taken`.execute(transaction);
    return rows[0]!.taken ? work(transaction) : null;
  });
}

/**
 * Takes rows out of the inbox in the order of their ids, but none that one still to come could stand before: only what was
 * written before the oldest transaction that is under way.
 */
export async function takeInbox(db: Transaction<Tables>, countMax: number): Promise<LoggedRow[]> {
  const { rows } = await sql<LoggedRow>`
    with taken as (
      delete from audit where (id) in (
        select id from audit where age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)
        order by id limit ${countMax})
      returning *)
    select ${LOGGED} from taken order by id`.execute(db);
  return rows;
}

/** How many seconds the oldest row has waited in the inbox; 0 where none does. */
export async function findInboxLag(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from now() - at)::float8 as seconds from audit order by id limit 1`.execute(db);
  return rows[0]?.seconds ?? 0;
}

/** Those of the rows that are in the log already: their commit got lost, and they were sent again. */
export async function listChainedIds(db: Kysely<Tables>, rows: LoggedRow[]): Promise<string[]> {
  const found = await sql<{ id: string }>`
    select l.id from unnest(${rows.map(({ org }) => org)}::uuid[], ${rows.map(({ id }) => id)}::uuid[]) as r (org_id, id)
    join audit_log l on l.org_id = r.org_id and l.id = r.id`.execute(db);
  return found.rows.map(({ id }) => id);
}

/** What is chained of an org from now on follows on this; `null` where nothing is yet. */
export async function findChain(db: Kysely<Tables>, orgId: string): Promise<ChainState | null> {
  const row = await db
    .selectFrom("audit_chains")
    .select((c) => [
      "org_id as org",
      c.cast<number>("seq", "float8").as("seq"),
      sql<string>`encode(hash, 'hex')`.as("hash"),
      c.cast<number>("retained_seq", "float8").as("retainedSeq"),
      sql<string>`encode(retained_hash, 'hex')`.as("retainedHash"),
      "chained_at as at",
    ])
    .where("org_id", "=", orgId)
    .executeTakeFirst();
  return row ?? null;
}

export async function listChainedOrgs(db: Kysely<Tables>): Promise<string[]> {
  const rows = await db.selectFrom("audit_chains").select("org_id").orderBy("org_id").execute();
  return rows.map((row) => row.org_id);
}

export async function saveChainEnd(db: Kysely<Tables>, end: { org: string; seq: number; hash: string }): Promise<void> {
  const values = { seq: String(end.seq), hash: Buffer.from(end.hash, "hex"), chained_at: new Date() };
  await db
    .insertInto("audit_chains")
    .values({ org_id: end.org, ...values })
    .onConflict((conflict) => conflict.column("org_id").doUpdateSet(values))
    .execute();
}

/** The months' partitions, made where they are missing. */
export async function makeAuditMonths(db: Kysely<Tables>, months: Date[]): Promise<void> {
  for (const month of months) {
    await sql`select make_audit_month(${month.toISOString().slice(0, 10)}::timestamp)`.execute(db);
  }
}

export async function insertChained(db: Kysely<Tables>, rows: NewChainedRow[]): Promise<void> {
  const list = <T>(value: (row: NewChainedRow) => T): T[] => rows.map(value);
  await sql`
    insert into audit_log (id, org_id, at, event, user_id, connector_id, outcome, entry, boot_id, counter, seq, hash,
      tool, client, token, address, trace_id, error)
    select * from unnest(${list((row) => row.id)}::uuid[], ${list((row) => row.org)}::uuid[],
      ${list((row) => row.at)}::timestamptz[], ${list((row) => row.event)}::text[], ${list((row) => row.user)}::uuid[],
      ${list((row) => row.connector)}::uuid[], ${list((row) => row.outcome)}::text[],
      ${list((row) => JSON.stringify(row.entry))}::json[], ${list((row) => row.boot)}::uuid[],
      ${list((row) => row.counter)}::bigint[], ${list((row) => row.seq)}::bigint[],
      ${list((row) => Buffer.from(row.hash, "hex"))}::bytea[], ${list((row) => row.tool)}::text[],
      ${list((row) => row.client)}::text[], ${list((row) => row.token)}::text[], ${list((row) => row.address)}::text[],
      ${list((row) => row.traceId)}::text[], ${list((row) => row.error)}::text[])`.execute(db);
}

export interface StoredHead {
  kind: "head" | "retained_from";
  org: string;
  seq: number;
  hash: string;
  at: string;
  key: string;
  signature: string;
}

/** Chains that have grown since their last head was signed. */
export async function listChainsToSign(db: Kysely<Tables>): Promise<ChainState[]> {
  const { rows } = await sql<ChainState>`
    select org_id as org, seq::float8 as seq, encode(hash, 'hex') as hash, retained_seq::float8 as "retainedSeq",
      encode(retained_hash, 'hex') as "retainedHash", chained_at as at
    from audit_chains c
    where not exists (select from audit_heads h where h.org_id = c.org_id and h.kind = 'head' and h.seq >= c.seq)`.execute(
    db,
  );
  return rows;
}

export async function insertHead(db: Kysely<Tables>, { org, seq, hash, ...head }: StoredHead): Promise<void> {
  await db
    .insertInto("audit_heads")
    .values({ org_id: org, seq: String(seq), ...head, hash: Buffer.from(hash, "hex"), at: new Date(head.at) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

const HEAD = sql`kind, org_id as org, seq::float8 as seq, encode(hash, 'hex') as hash, key, signature,
  to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`;

/** In the order of the chain. */
export async function listHeads(db: Kysely<Tables>, orgId: string): Promise<StoredHead[]> {
  const { rows } = await sql<StoredHead>`
    select ${HEAD} from audit_heads where org_id = ${orgId} order by audit_heads.seq, audit_heads.kind desc`.execute(
    db,
  );
  return rows;
}

/** Of how far the chain is signed; `null` where it is not yet. */
export async function findLastHead(db: Kysely<Tables>, orgId: string): Promise<StoredHead | null> {
  const { rows } = await sql<StoredHead>`
    select ${HEAD} from audit_heads where org_id = ${orgId} and audit_heads.kind = 'head'
    order by audit_heads.seq desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Runs a query as who may see an org's rows. */
export type Reading = <T>(query: (db: Kysely<Tables>) => Promise<T>) => Promise<T>;

const ROWS_AT_ONCE = 2000;
const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";

/** An org's chain in its order, from after `start` on, in bounded memory. */
export async function* readChain(reading: Reading, orgId: string, start = 0): AsyncGenerator<NewChainedRow> {
  for (let after = start; ; ) {
    const rows = await reading((db) => listChained(db, orgId, after));
    yield* rows;
    if (rows.length < ROWS_AT_ONCE) return;
    after = rows.at(-1)!.seq;
  }
}

/** Rows that have the same number come together. */
async function listChained(db: Kysely<Tables>, orgId: string, after: number): Promise<NewChainedRow[]> {
  const { rows } = await sql<NewChainedRow>`
    select ${LOGGED}, l.seq::float8 as seq, encode(hash, 'hex') as hash, tool, client, token, address,
      trace_id as "traceId", error
    from audit_log l where org_id = ${orgId} and l.seq > ${after}
    order by l.seq fetch first ${sql.lit(ROWS_AT_ONCE)} rows with ties`.execute(db);
  return rows;
}

/** What is not chained yet, in the order of ids. */
export async function* readInbox(reading: Reading, orgId: string): AsyncGenerator<LoggedRow> {
  for (let after = BEFORE_ALL; ; ) {
    const rows = await reading((db) => listInbox(db, orgId, after));
    yield* rows;
    if (rows.length < ROWS_AT_ONCE) return;
    after = rows.at(-1)!.id;
  }
}

async function listInbox(db: Kysely<Tables>, orgId: string, after: string): Promise<LoggedRow[]> {
  const { rows } = await sql<LoggedRow>`
    select ${LOGGED} from audit where org_id = ${orgId} and id > ${after} order by id limit ${ROWS_AT_ONCE}`.execute(
    db,
  );
  return rows;
}
