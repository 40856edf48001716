import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Tables } from "./tables.ts";

// What operators see of all orgs, which is what can be counted. Takes no tenant; as the dashboard's role.

export interface CountedOrg {
  id: string;
  slug: string;
  name: string;
  plan: string;
  createdAt: Date;
  suspendedAt: Date | null;
  deletedAt: Date | null;
  members: number;
  connectors: number;
  /** Of the last 24 hours, as far as they are counted. */
  calls: number;
  errors: number;
}

export interface OrgsPage {
  /** In its name or slug; "" is all. */
  search: string;
  /** The slug of the last one that was seen; "" is none. */
  after: string;
  limit: number;
}

/** By slug. */
export function listOrgsCounted(db: Kysely<Tables>, { search, after, limit }: OrgsPage): Promise<CountedOrg[]> {
  return listCounted(db, sql`${search}, ${after}, '', ${limit}`);
}

export async function findOrgCounted(db: Kysely<Tables>, slug: string): Promise<CountedOrg | null> {
  const [org] = await listCounted(db, sql`'', '', ${slug}, 1`);
  return org ?? null;
}

async function listCounted(db: Kysely<Tables>, which: RawBuilder<unknown>): Promise<CountedOrg[]> {
  const { rows } = await sql<CountedOrg>`
    select id, slug, name, plan, created_at as "createdAt", suspended_at as "suspendedAt", deleted_at as "deletedAt",
      members::float8 as members, connectors::float8 as connectors, calls::float8 as calls, errors::float8 as errors
    from list_orgs_counted(${which})`.execute(db);
  return rows;
}

/** How many there are of something that waits, and since when the first of them. */
export interface Waiting {
  count: number;
  since: Date | null;
}

export type WaitingKind = "audit" | "mails" | "revocations" | "deliveries";

/** Rows that have no place in a chain yet, mails, links to be ended upstream, and deliveries that have failed. */
export async function countWaiting(db: Kysely<Tables>): Promise<Record<WaitingKind, Waiting>> {
  const { rows } = await sql<Record<WaitingKind, string> & Record<`${WaitingKind}_since`, Date | null>>`
    select * from count_waiting()`.execute(db);
  const row = rows[0]!;
  const of = (kind: WaitingKind) => ({ count: Number(row[kind]), since: row[`${kind}_since`] });
  return { audit: of("audit"), mails: of("mails"), revocations: of("revocations"), deliveries: of("deliveries") };
}

export interface OutageOfAny {
  org: string;
  connector: string;
  since: Date;
}

/** Of all orgs, by their slugs; the longest first. */
export async function listOutagesOfAll(db: Kysely<Tables>): Promise<OutageOfAny[]> {
  return (await sql<OutageOfAny>`select org, connector, since from list_outages_of_all()`.execute(db)).rows;
}
