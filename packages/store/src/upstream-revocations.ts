import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// One sender serves every org: no tenant. As `gatehouse_auth`, which alone reads these across orgs.

/** Tokens that are not used here any more, and have to be revoked upstream. Sealed as the credential that they were. */
export interface UpstreamRevocation {
  credentialId: string;
  version: number;
  orgId: string;
  connectorId: string;
  userId: string;
  sealed: Buffer;
  upstreamOrigin: string;
  tokenEndpoint: string | null;
  /** How often it has been tried, this time included. */
  attempts: number;
}

/** Those that are due: for whoever takes them, and for nobody else until `leaseSeconds` are over. */
export function takeDueRevocations(
  db: Kysely<Tables>,
  { countMax, leaseSeconds }: { countMax: number; leaseSeconds: number },
): Promise<UpstreamRevocation[]> {
  const due = db
    .selectFrom("upstream_revocations")
    .select("credential_id")
    .where("due_at", "<=", sql<Date>`now()`)
    .orderBy("due_at")
    .limit(countMax)
    .forUpdate()
    .skipLocked();
  return db
    .updateTable("upstream_revocations")
    .set({ attempts: sql<number>`attempts + 1`, due_at: sql<Date>`now() + make_interval(secs => ${leaseSeconds})` })
    .where("credential_id", "in", due)
    .where("due_at", "<=", sql<Date>`now()`)
    .returning([
      "credential_id as credentialId",
      "version",
      "org_id as orgId",
      "connector_id as connectorId",
      "user_id as userId",
      "sealed",
      "upstream_origin as upstreamOrigin",
      "token_endpoint as tokenEndpoint",
      "attempts",
    ])
    .execute();
}

/** For how many seconds the oldest could have been sent; 0 where none is due. */
export async function findRevocationLag(db: Kysely<Tables>): Promise<number> {
  const { seconds } = await db
    .selectFrom("upstream_revocations")
    .select(sql<number>`coalesce(extract(epoch from now() - min(due_at)), 0)::float8`.as("seconds"))
    .where("due_at", "<=", sql<Date>`now()`)
    .executeTakeFirstOrThrow();
  return seconds;
}

/** It is done, or given up: what it held is destroyed. */
export async function deleteRevocation(
  db: Kysely<Tables>,
  { credentialId, version }: Pick<UpstreamRevocation, "credentialId" | "version">,
): Promise<void> {
  await db
    .deleteFrom("upstream_revocations")
    .where("credential_id", "=", credentialId)
    .where("version", "=", version)
    .execute();
}

/** Takes no tenant: broken links of all orgs that their members have not been told of, for the caller alone. */
export async function takeBrokenLinks(
  db: Kysely<Tables>,
  countMax: number,
): Promise<{ orgId: string; credentialId: string }[]> {
  const { rows } = await sql<{ orgId: string; credentialId: string }>`
    select org_id as "orgId", id as "credentialId" from broken_links_to_tell(${countMax})
  `.execute(db);
  return rows;
}

/** Those of one org that are still to be sent. */
export async function countRevocations(db: Kysely<Tables>, orgId: string): Promise<number> {
  const { count } = await db
    .selectFrom("upstream_revocations")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("org_id", "=", orgId)
    .executeTakeFirstOrThrow();
  return Number(count);
}
