import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// Processes of the deployment, which belong to no org. These functions take no tenant.

export interface Replica {
  id: string;
  apps: string[];
  host: string;
  version: string;
  startedAt: Date;
  /** What it depends on, and how each of it is: `ok`, or what is wrong in words. */
  dependencies: Record<string, string>;
}

/** One that has said nothing for so long is gone, however it went. */
const GONE_SECONDS = 20;

/** Said again for as long as it runs; those that are long gone are forgotten. */
export async function putReplica(db: Kysely<Tables>, replica: Replica): Promise<void> {
  const { id, apps, host, version, startedAt, dependencies } = replica;
  const said = { seen_at: sql<Date>`now()`, dependencies: JSON.stringify(dependencies) };
  await db
    .insertInto("replicas")
    .values({ id, apps, host, version, started_at: startedAt, ...said })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(said))
    .execute();
  await db.deleteFrom("replicas").where("seen_at", "<", sql<Date>`now() - interval '1 hour'`).execute();
}

export async function deleteReplica(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("replicas").where("id", "=", id).execute();
}

export interface SeenReplica extends Replica {
  seenAt: Date;
  isAlive: boolean;
}

/** The newest first. */
export function listReplicas(db: Kysely<Tables>): Promise<SeenReplica[]> {
  return db
    .selectFrom("replicas")
    .select(["id", "apps", "host", "version", "started_at as startedAt", "seen_at as seenAt", "dependencies"])
    .select(sql<boolean>`seen_at > now() - make_interval(secs => ${GONE_SECONDS})`.as("isAlive"))
    .orderBy("started_at", "desc")
    .execute();
}
