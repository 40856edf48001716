import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@gatehouse/faults";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { APP_ROLES, type DatabaseAccess } from "./database.ts";

const MIGRATIONS = join(import.meta.dirname, "..", "migrations");
const MIGRATION_LOCK = 7_205_142_260;

/**
 * Makes the apps' roles and brings the database that `url` names (as its owner) up to date. Two that start at once wait
 * for each other. Throws where the database was made by a newer version of Gatehouse than this one.
 */
export async function migrate({ url, password }: DatabaseAccess, log: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await refuseNewerDatabase(client);
    await ensureRoles(client, password);
    await runner({
      dbClient: client,
      dir: MIGRATIONS,
      migrationsTable: "migrations",
      direction: "up",
      noLock: true,
      log: (message) => log(message),
      logger: { debug: () => {}, info: log, warn: log, error: log },
    });
  } finally {
    await client.end();
  }
}

async function refuseNewerDatabase(client: pg.Client): Promise<void> {
  const exists = await client.query("select to_regclass('public.migrations') as name");
  if (exists.rows[0].name === null) return;
  const known = new Set((await readdir(MIGRATIONS)).map((file) => file.replace(/\.sql$/, "")));
  const applied = await client.query("select name from migrations order by id");
  const unknown = applied.rows.map((row) => row.name as string).filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new Fault(
    "conflict",
    `This database was made by a newer version of Gatehouse (it has the migration ${unknown[0]}). Start that version.`,
  );
}

/**
 * Roles belong to the whole Postgres cluster, so they may be there already; their passwords follow the master key. What a
 * role may not have is not said but checked, for saying it takes a superuser.
 */
async function ensureRoles(client: pg.Client, password: DatabaseAccess["password"]): Promise<void> {
  for (const role of APP_ROLES) {
    const { rows } = await client.query("select rolsuper or rolbypassrls as mighty from pg_roles where rolname = $1", [
      role,
    ]);
    if (rows[0]?.mighty) {
      throw new Fault(
        "conflict",
        `The Postgres role ${role} may see every row. Take superuser and BYPASSRLS from it, or drop it.`,
      );
    }
    const verb = rows.length > 0 ? "alter" : "create";
    await client.query(`${verb} role ${role} login noinherit password ${client.escapeLiteral(password(role))}`);
  }
}
