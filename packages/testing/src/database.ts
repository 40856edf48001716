import { randomBytes } from "node:crypto";
import type { DatabaseAccess } from "@gatehouse/store/database";
import { createDatabase, dropDatabase } from "@gatehouse/store/databases";
import type { Vault } from "@gatehouse/vault/vault";
import { inject } from "vitest";
import type {} from "./global-setup.ts";
import { databaseUrl, rolePassword, TEMPLATE, vault } from "./services.ts";

export interface TestDatabase extends AsyncDisposable {
  access: DatabaseAccess;
  vault: Vault;
}

/** A database of the test's own, migrated and empty. */
export async function cloneDatabase({ postgresUrl } = inject("services")): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await createDatabase(postgresUrl, name, { template: TEMPLATE });
  return {
    access: { url: databaseUrl(postgresUrl, name), password: rolePassword },
    vault,
    [Symbol.asyncDispose]: () => dropDatabase(postgresUrl, name),
  };
}
