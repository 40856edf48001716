import { migrate } from "@gatehouse/store/migrate";
import type { Config } from "./config.ts";
import { prepareFirstOrg } from "./first-start.ts";
import type { Progress } from "./progress.ts";
import { databaseAccess, openKeys } from "./secrets.ts";
import { openStorage } from "./storage.ts";

/** For a deployment in several processes: run before them, as the database's owner. */
export async function migrateOnly(config: Config, progress: Progress): Promise<void> {
  const keys = await openKeys(config);
  await using storage = await openStorage(config);
  const access = databaseAccess(storage.url, keys);
  await migrate(access, (line) => progress.line(line));
  progress.line("The database is up to date.");
  const owner = await prepareFirstOrg(config, access);
  if (owner)
    progress.line(`The org “demo” has the owner ${owner.email}${owner.password ? ` (${owner.password})` : ""}.`);
}
