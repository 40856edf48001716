import { type Kysely, sql } from "kysely";
import pg from "pg";
import type { Tables } from "./tables.ts";

export type ClientConfig = pg.ClientConfig;

// About whole databases and the sessions on them, so there is no tenant. As the database's owner.

/** Makes the database where it is missing, empty or as a copy of `template`, to which nobody may be connected. */
export async function createDatabase(url: string, name: string, { template }: { template?: string } = {}) {
  const client = await connect(url);
  try {
    const exists = await client.query("select 1 from pg_database where datname = $1", [name]);
    if (exists.rowCount) return;
    const from = template ? ` template ${client.escapeIdentifier(template)} strategy file_copy` : "";
    await client.query(`create database ${client.escapeIdentifier(name)}${from}`);
  } finally {
    await client.end();
  }
}

/** Ends whoever is connected to it. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  const client = await connect(url);
  try {
    await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
  } finally {
    await client.end();
  }
}

/** Throws what keeps us from the database; otherwise there was nothing to see. */
export async function connectOnce(server: string | ClientConfig): Promise<void> {
  await (await connect(server)).end();
}

/** A lock that its holder has until it is disposed, or its process ends. */
export interface HeldLock extends AsyncDisposable {
  /** Settles when the lock is gone though nobody gave it back: the connection broke. */
  lost: Promise<void>;
}

/** `null` while somebody else holds it. The lock lives on a connection of its own (not through PgBouncer's transactions). */
export async function holdLock(server: string | ClientConfig, name: string): Promise<HeldLock | null> {
  const client = await connect(server);
  const lost = new Promise<void>((resolve) => client.once("end", resolve));
  const taken = await client.query("select pg_try_advisory_lock(hashtextextended($1, 0)) as taken", [name]);
  if (!taken.rows[0].taken) {
    await client.end();
    return null;
  }
  return { lost, [Symbol.asyncDispose]: () => client.end() };
}

async function connect(server: string | ClientConfig): Promise<pg.Client> {
  const settings = typeof server === "string" ? { connectionString: server } : server;
  const client = new pg.Client({ connectionTimeoutMillis: 5000, keepAlive: true, ...settings });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Whether the database answers, as whoever `db` is connected as. */
export async function isReachable(db: Kysely<Tables>): Promise<boolean> {
  return sql`select 1`.execute(db).then(
    () => true,
    () => false,
  );
}
