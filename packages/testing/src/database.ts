import { randomBytes } from "node:crypto";
import { openHouseVault } from "@gatehouse/gatehouse/secrets";
import type { DatabaseAccess } from "@gatehouse/store/database";
import { createDatabase, dropDatabase } from "@gatehouse/store/databases";
import type { Vault } from "@gatehouse/vault/vault";
import { inject } from "vitest";
import type {} from "./global-setup.ts";
import { databaseUrl, keys, rolePassword, TEMPLATE } from "./services.ts";

export interface TestDatabase extends AsyncDisposable {
  access: DatabaseAccess;
  vault: Vault;
}

/** A database of the test's own, migrated and empty. */
export async function cloneDatabase({ postgresUrl } = inject("services")): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await createDatabase(postgresUrl, name, { template: TEMPLATE });
  const access = { url: databaseUrl(postgresUrl, name), password: rolePassword };
  const vault = openHouseVault(keys, access);
  return {
    access,
    vault,
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await dropDatabase(postgresUrl, name);
    },
  };
}
