import { type Kysely, sql } from "kysely";
import type { LoggedRow } from "./audit-chain.ts";
import type { OrgScope } from "./database.ts";
import type { DeliveryKind, Tables } from "./tables.ts";

/** Where an org's audit log is sent, and how far that has come. */
export interface Delivery {
  id: string;
  kind: DeliveryKind;
  /** The URL, without its query. */
  target: string;
  createdAt: Date;
  paused: boolean;
  /** Another one once what is sealed of it has been replaced. */
  revision: string;
  /** The last row of the chain that was taken; 0 where none was. */
  deliveredSeq: number;
  deliveredAt: Date | null;
  /** The last row that there is. */
  chainedSeq: number;
  /** How often it was tried in vain, one after the other, why, and when it is tried again. */
  attempts: number;
  error: string | null;
  dueAt: Date;
}

export interface NewDelivery extends Pick<Delivery, "id" | "kind" | "target"> {
  sealed: Buffer;
  /** From the first row that is kept, or with what comes. */
  startsAt: "beginning" | "now";
}

export async function insertDelivery(org: OrgScope, { startsAt, ...delivery }: NewDelivery): Promise<void> {
  const last = sql<string>`coalesce((select case when ${startsAt} = 'now' then seq else retained_seq end
    from audit_chains where org_id = ${org.id}), 0)`;
  await org.db
    .insertInto("audit_deliveries")
    .values({ org_id: org.id, ...delivery, delivered_seq: last })
    .execute();
}

/** In the order in which they were made. */
export async function listDeliveries(org: OrgScope): Promise<Delivery[]> {
  const { rows } = await sql<Delivery>`
    select d.id, kind, target, created_at as "createdAt", paused, encode(sha256(sealed), 'hex') as revision,
      delivered_seq::float8 as "deliveredSeq",
      delivered_at as "deliveredAt", coalesce(c.seq, 0)::float8 as "chainedSeq", attempts, error, due_at as "dueAt"
    from audit_deliveries d left join audit_chains c on c.org_id = d.org_id
    where d.org_id = ${org.id} order by created_at`.execute(org.db);
  return rows;
}

/** `null` where the org has none by this id. */
export async function findSealedDelivery(
  org: OrgScope,
  id: string,
): Promise<(Pick<Delivery, "id" | "kind" | "target" | "paused"> & { sealed: Buffer }) | null> {
  const row = await org.db
    .selectFrom("audit_deliveries")
    .select(["id", "kind", "target", "paused", "sealed"])
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** What is not paused any more is tried at once. */
export async function pauseDelivery(org: OrgScope, id: string, paused: boolean): Promise<void> {
  await org.db
    .updateTable("audit_deliveries")
    .set({ paused, attempts: 0, error: null, ...(paused ? {} : { due_at: sql<Date>`now()` }) })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

export async function updateSealedDelivery(org: OrgScope, id: string, sealed: Buffer): Promise<void> {
  await org.db
    .updateTable("audit_deliveries")
    .set({ sealed })
    .where("org_id", "=", org.id)
    .where("id", "=", id)
    .execute();
}

export async function deleteDelivery(org: OrgScope, id: string): Promise<void> {
  await org.db.deleteFrom("audit_deliveries").where("org_id", "=", org.id).where("id", "=", id).execute();
}

// From here on as `gatehouse_chain`, for all orgs.

export interface DueDelivery {
  id: string;
  kind: DeliveryKind;
  sealed: Buffer;
  org: { id: string; slug: string };
  deliveredSeq: number;
  /** Where what was under way ended; `null` where nothing was. */
  sendingSeq: number | null;
}

/** Those whose org's chain is longer than what they have: for whoever takes them, and for nobody else until the lease is over. */
export async function takeDueDeliveries(
  db: Kysely<Tables>,
  { countMax, leaseSeconds }: { countMax: number; leaseSeconds: number },
): Promise<DueDelivery[]> {
  const { rows } = await sql<Omit<DueDelivery, "org"> & { orgId: string; slug: string }>`
    update audit_deliveries d set due_at = now() + make_interval(secs => ${leaseSeconds})
    from (
      select d.id, o.slug from audit_deliveries d
      join audit_chains c on c.org_id = d.org_id and c.seq > d.delivered_seq
      join orgs o on o.id = d.org_id and o.suspended_at is null
      where not d.paused and d.due_at <= now()
      order by d.due_at limit ${countMax} for update of d skip locked) due
    where due.id = d.id
    returning d.id, d.kind, d.sealed, d.org_id as "orgId", due.slug, d.delivered_seq::float8 as "deliveredSeq",
      d.sending_seq::float8 as "sendingSeq"`.execute(db);
  return rows.map(({ orgId, slug, ...row }) => ({ ...row, org: { id: orgId, slug } }));
}

/**
 * For how many seconds at most a row has waited that could be sent; 0 where none does. What is put off, since it was not
 * taken, does not wait for us.
 */
export async function findDeliveryLag(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ seconds: number }>`
    select coalesce(max(extract(epoch from now() - greatest(d.due_at, l.at))), 0)::float8 as seconds
    from audit_deliveries d
    join orgs o on o.id = d.org_id and o.suspended_at is null
    join audit_log l on l.org_id = d.org_id and l.seq = d.delivered_seq + 1
    where not d.paused and d.due_at <= now()`.execute(db);
  return rows[0]!.seconds;
}

/** A row as it is chained, and who and what its ids were. */
export interface DeliveredRow extends LoggedRow {
  seq: number;
  hash: string;
  userName: string | null;
  connectorSlug: string | null;
}

/** What follows on `after` in an org's chain, up to `last` where that is given; of many bytes, one row at least. */
export async function listToDeliver(
  db: Kysely<Tables>,
  { orgId, after, last, countMax, bytesMax }: Reach,
): Promise<DeliveredRow[]> {
  const { rows } = await sql<DeliveredRow>`
    select a.id, a.org_id as org, a.event, a.user_id as "user", a.connector_id as connector, a.outcome, a.entry,
      a.boot_id as boot, a.counter::float8 as counter, a.seq::float8 as seq, encode(a.hash, 'hex') as hash,
      to_char(a.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
      coalesce(u.email, s.name) as "userName", c.slug as "connectorSlug"
    from (
      select *, sum(octet_length(entry::text)) over (order by seq) as bytes, row_number() over (order by seq) as place
      from (
        select * from audit_log where org_id = ${orgId} and seq > ${after} and (${last}::bigint is null or seq <= ${last})
        order by seq limit ${countMax}) next) a
    left join users u on u.id = a.user_id
    left join service_accounts s on s.org_id = a.org_id and s.id = a.user_id
    left join connectors c on c.org_id = a.org_id and c.id = a.connector_id
    where a.bytes <= ${bytesMax} or a.place = 1 or ${last}::bigint is not null
    order by a.seq`.execute(db);
  return rows;
}

interface Reach {
  orgId: string;
  after: number;
  last: number | null;
  countMax: number;
  bytesMax: number;
}

/** What is about to be sent, and for how long nobody else sends anything. */
export async function beginDelivery(
  db: Kysely<Tables>,
  id: string,
  { last, leaseSeconds }: { last: number; leaseSeconds: number },
): Promise<void> {
  await db
    .updateTable("audit_deliveries")
    .set({ sending_seq: String(last), due_at: sql<Date>`now() + make_interval(secs => ${leaseSeconds})` })
    .where("id", "=", id)
    .execute();
}

/** `false` where it is not to go on: paused, deleted, or somebody else has sent it meanwhile. */
export async function saveDelivered(
  db: Kysely<Tables>,
  id: string,
  { after, last, note }: { after: number; last: number; note: string | null },
): Promise<boolean> {
  const row = await db
    .updateTable("audit_deliveries")
    .set({ delivered_seq: String(last), delivered_at: new Date(), sending_seq: null, attempts: 0, error: note })
    .where("id", "=", id)
    .where("delivered_seq", "=", String(after))
    .returning("paused")
    .executeTakeFirst();
  return row?.paused === false;
}

/** Nothing is under way any more: whoever finds more to send may take it. */
export async function releaseDelivery(db: Kysely<Tables>, id: string): Promise<void> {
  await db.updateTable("audit_deliveries").set({ due_at: sql<Date>`now()` }).where("id", "=", id).execute();
}

/** The longer, the more often it was tried in vain: 1 s, 2 s, 4 s … */
export async function postponeDelivery(
  db: Kysely<Tables>,
  id: string,
  { error, secondsMin, secondsMax }: { error: string; secondsMin: number; secondsMax: number },
): Promise<void> {
  const seconds = sql`greatest(least(power(2, least(attempts, 20)), ${secondsMax}), ${secondsMin}::float8)`;
  await db
    .updateTable("audit_deliveries")
    .set({
      attempts: sql<number>`attempts + 1`,
      error,
      due_at: sql<Date>`now() + make_interval(secs => ${seconds})`,
    })
    .where("id", "=", id)
    .execute();
}
