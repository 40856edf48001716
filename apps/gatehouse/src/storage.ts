import { join } from "node:path";
import { Fault } from "@gatehouse/faults";
import { type ClientConfig, createDatabase, holdLock } from "@gatehouse/store/databases";
import type { Config } from "./config.ts";
import { openDataDirectory } from "./data-directory.ts";
import { startPostgres } from "./postgres.ts";

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
  const url = new URL(postgres.url);
  url.pathname = `/${DATABASE}`;
  return { ...postgres, url: url.href };
}

/** Throws one sentence that says what is wrong with the way to the database. */
export async function checkReachable(databaseUrl: string, as: ClientConfig | string = databaseUrl): Promise<void> {
  try {
    await (await holdLock(as, "gatehouse is anybody there"))?.[Symbol.asyncDispose]();
  } catch (error) {
    throw explainDatabase(error, databaseUrl);
  }
}

/** What kept us from the database, with its host and without its password. */
function explainDatabase(error: unknown, databaseUrl: string): Fault {
  const { code = "", message } = error as { code?: string; message: string };
  const url = new URL(databaseUrl);
  const place = `${url.searchParams.get("host") ?? url.hostname}:${url.port || "5432"}`;
  if (code === "28P01" || code === "28000") {
    return new Fault("forbidden", `Postgres at ${place} refuses the user or the password of DATABASE_URL.`);
  }
  if (code === "3D000") {
    return new Fault("not_found", `Postgres at ${place} has no database ${url.pathname.slice(1)} (DATABASE_URL).`);
  }
  const reason = REASONS[code] ?? (/timeout/.test(message) ? "it does not answer" : message);
  return new Fault("unavailable", `Postgres at ${place} cannot be reached: ${reason} (DATABASE_URL).`, {
    cause: error,
  });
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "it refuses connections",
  ENOTFOUND: "there is no host of that name",
  EAI_AGAIN: "there is no host of that name",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that host",
  ENOENT: "there is no such socket",
};
