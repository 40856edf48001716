import type { Socket } from "node:net";
import { Fault } from "@gatehouse/faults";
import { dbOperationDuration, poolConnections, poolWaiting } from "@gatehouse/telemetry/events";
import { Kysely, PostgresDialect, sql, type Transaction } from "kysely";
import pg from "pg";
import type { Tables } from "./tables.ts";

export type AppRole =
  | "gatehouse_auth"
  | "gatehouse_gateway"
  | "gatehouse_dashboard"
  | "gatehouse_audit"
  | "gatehouse_chain"
  | "gatehouse_vault";

export const APP_ROLES: readonly AppRole[] = [
  "gatehouse_auth",
  "gatehouse_gateway",
  "gatehouse_dashboard",
  "gatehouse_audit",
  "gatehouse_chain",
  "gatehouse_vault",
];

/** Where Postgres is, and how an app proves to be its role. */
export interface DatabaseAccess {
  /** `postgres://…`; its user and password are replaced by the role's. */
  url: string;
  password: (role: AppRole) => string;
}

export type Database = Kysely<Tables> & AsyncDisposable;

/** A tenant within one transaction: the first argument of everything that reads or writes an org's rows. */
export interface OrgScope {
  readonly id: string;
  readonly db: Transaction<Tables>;
}

/**
 * Connection settings for one role. Statements end after 10 s, waiting for a connection after 5 s; and for an answer that
 * trickles in nobody waits longer than 12 s.
 */
export function connectionSettings({ url, password }: DatabaseAccess, role: AppRole): pg.ClientConfig {
  const address = new URL(url);
  address.username = role;
  address.password = encodeURIComponent(password(role));
  return {
    connectionString: address.href,
    application_name: role,
    connectionTimeoutMillis: 5000,
    statement_timeout: 10_000,
    query_timeout: 12_000,
    keepAlive: true,
  };
}

/** A pool of at most `connectionsMax` connections as one app's role. It connects when it is first used. */
export function openDatabase(access: DatabaseAccess, role: AppRole, connectionsMax = 8): Database {
  return openPool({ ...connectionSettings(access, role), max: connectionsMax }, role);
}

/** As the database's owner, whom `url` names: for migrations and the first start, never for an app. */
export function openDatabaseAsOwner(url: string): Database {
  return openPool({ connectionString: url, max: 2, connectionTimeoutMillis: 5000 }, "owner");
}

/** No statement takes so long; nobody is left at the other end. */
const SILENT_MS = 15_000;

function openPool(settings: pg.PoolConfig, name: string): Database {
  const pool = new pg.Pool(settings);
  // A connection that breaks is replaced by the pool, and its query fails; without listeners it would end the process,
  // where it breaks while idle and where it breaks between two queries of a transaction.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    if (settings.statement_timeout) breakWhenSilent(client);
  });
  const observed = observePool(pool, name);
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    log({ queryDurationMillis, ...event }) {
      const error = event.level === "error" ? ((event.error as { code?: string })?.code ?? "_OTHER") : undefined;
      dbOperationDuration.record(queryDurationMillis / 1000, null, "postgresql", name, error);
    },
  });
  return Object.assign(database, {
    async [Symbol.asyncDispose]() {
      observed[Symbol.dispose]();
      await database.destroy();
    },
  });
}

/** The server ends statements by itself, while it can be reached; the pool has closed by then what is idle. */
function breakWhenSilent({ connection: { stream } }: pg.ClientBase & Pick<pg.Client, "connection">): void {
  const lost = new Error("Connection terminated: Postgres does not answer");
  (stream as Socket).setTimeout(SILENT_MS, () => stream.destroy(lost));
}

function observePool(pool: pg.Pool, name: string): Disposable {
  const stack = new DisposableStack();
  stack.use(
    poolConnections.observe(() => [
      [pool.totalCount - pool.idleCount, name, "used"],
      [pool.idleCount, name, "idle"],
    ]),
  );
  stack.use(poolWaiting.observe(() => [[pool.waitingCount, name]]));
  return stack;
}

/** Runs `work` in a transaction that sees this org's rows and no other's. */
export function withOrg<T>(db: Kysely<Tables>, orgId: string, work: (org: OrgScope) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`select set_config('app.org_id', ${orgId}, true)`.execute(transaction);
    return work({ id: orgId, db: transaction });
  });
}

/** Runs `work` in a transaction that sees what belongs to this person across orgs: their memberships, and those orgs. */
export function withMember<T>(
  db: Kysely<Tables>,
  userId: string,
  work: (db: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  return db.transaction().execute(async (transaction) => {
    await sql`select set_config('app.user_id', ${userId}, true)`.execute(transaction);
    return work(transaction);
  });
}

const UNIQUE_VIOLATION = "23505";

/** True where a unique index refused the row; `constraint` is the index's name. */
export function isUniqueViolation(thrown: unknown, constraint: string): boolean {
  const error = thrown as { code?: string; constraint?: string };
  return error?.code === UNIQUE_VIOLATION && error.constraint === constraint;
}

const CONNECTION_FAILURE = /^(08|57P0|53300|25006)|^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|ENOENT)/;

/** What the driver says, without a code, where there is no answer or none that Postgres would give. */
const BROKEN_OFF =
  /^(Connection terminated|timeout e|Query read timeout|received invalid response|Received unexpected|Unknown authenticationOk|Client (has encountered a connection error|was closed))/;

/** A database that cannot be reached becomes 503 with `Retry-After`; everything else stays as it was thrown. */
export function unavailableIfUnreachable(thrown: unknown): unknown {
  const error = thrown as { code?: string; message?: string } | undefined;
  const unreachable = CONNECTION_FAILURE.test(error?.code ?? "") || BROKEN_OFF.test(error?.message ?? "");
  if (!unreachable) return thrown;
  return new Fault("unavailable", "The database cannot be reached. Please try again in a moment.", {
    headers: { "retry-after": "2" },
    cause: thrown,
  });
}
