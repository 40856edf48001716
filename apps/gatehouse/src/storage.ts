import { join } from "node:path";
import { Fault } from "@gatehouse/faults";
import { type AppRole, connectionSettings, type DatabaseAccess } from "@gatehouse/store/database";
import { connectOnce, createDatabase } from "@gatehouse/store/databases";
import type { Config } from "./config.ts";
import { openDataDirectory } from "./data-directory.ts";
import { findPostgres, startPostgres } from "./postgres.ts";

export interface Storage extends AsyncDisposable {
  /** As the database's owner. */
  url: string;
  /** Settles when a Postgres of our own is gone though nobody stopped it; never where it is someone else's. */
  lost: Promise<void>;
}

const DATABASE = "gatehouse";

/** The Postgres that `DATABASE_URL` names, or one of our own in the data directory. */
export async function openStorage({ databaseUrl, dataDirectory }: Config): Promise<Storage> {
  if (databaseUrl) {
    await checkReachable(databaseUrl);
    return { url: databaseUrl, lost: new Promise(() => {}), async [Symbol.asyncDispose]() {} };
  }
  await openDataDirectory(dataDirectory);
  const postgres = await startPostgres({ directory: join(dataDirectory, "postgres") });
  await createDatabase(postgres.url, DATABASE);
  return { ...postgres, url: inDatabase(postgres.url) };
}

/** For a command beside a Gatehouse that may be running: its Postgres where it runs, and otherwise the same as ever. */
export async function reachStorage(config: Config): Promise<Storage> {
  const running = config.databaseUrl ? null : await findPostgres(join(config.dataDirectory, "postgres"));
  if (!running) return openStorage(config);
  return { url: inDatabase(running), lost: new Promise(() => {}), async [Symbol.asyncDispose]() {} };
}

function inDatabase(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${DATABASE}`;
  return url.href;
}

async function checkReachable(databaseUrl: string): Promise<void> {
  try {
    await connectOnce(databaseUrl);
  } catch (error) {
    throw explainDatabase(error, databaseUrl);
  }
}

/** Throws one sentence that says what keeps an app, which is to be `role`, from the database. */
export async function checkRole(access: DatabaseAccess, role: AppRole): Promise<void> {
  try {
    await connectOnce(connectionSettings(access, role));
  } catch (error) {
    if (!REFUSED.has((error as { code?: string }).code ?? "")) throw explainDatabase(error, access.url);
    const remedy = "Run `gatehouse migrate` first, with the same GATEHOUSE_MASTER_KEY.";
    throw new Fault("forbidden", `Postgres at ${placeOf(access.url)} refuses the role ${role}. ${remedy}`);
  }
}

/** What kept us from the database, with its host and without its password. */
function explainDatabase(error: unknown, databaseUrl: string): Fault {
  const { code = "", message } = error as { code?: string; message: string };
  const place = placeOf(databaseUrl);
  if (REFUSED.has(code)) {
    return new Fault("forbidden", `Postgres at ${place} refuses the user or the password of DATABASE_URL.`);
  }
  if (code === "3D000") {
    return new Fault(
      "not_found",
      `Postgres at ${place} has no database ${new URL(databaseUrl).pathname.slice(1)} (DATABASE_URL).`,
    );
  }
  const reason = REASONS[code] ?? (/timeout/.test(message) ? "it does not answer" : message);
  return new Fault("unavailable", `Postgres at ${place} cannot be reached: ${reason} (DATABASE_URL).`, {
    cause: error,
  });
}

function placeOf(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  return `${url.searchParams.get("host") ?? url.hostname}:${url.port || "5432"}`;
}

/** SQLSTATE class 28: invalid authorization. */
const REFUSED = new Set(["28P01", "28000"]);

const REASONS: Record<string, string> = {
  ECONNREFUSED: "it refuses connections",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "there is no host of that name",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that host",
  ENOENT: "there is no such socket",
};
