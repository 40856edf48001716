import { randomBytes, randomInt } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import type { DatabaseAccess } from "@gatehouse/store/database";
import { openVault, parseMasterKey, type Vault } from "@gatehouse/vault/vault";
import type { Config } from "./config.ts";
import { keepSecret, openDataDirectory } from "./data-directory.ts";

/** Without those that are easily taken for one another: 30 letters and digits. */
const PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";

/** Sealed with the master key that is given, or else with the one that the data directory keeps. */
export async function openHouseVault({ masterKey, dataDirectory }: Config): Promise<Vault> {
  return openVault(masterKey ?? (await keptMasterKey(dataDirectory)));
}

async function keptMasterKey(dataDirectory: string): Promise<Buffer> {
  await openDataDirectory(dataDirectory);
  const kept = await keepSecret(dataDirectory, "master-key", () => randomBytes(32).toString("base64"));
  const key = parseMasterKey(kept);
  if (!key)
    throw new Fault("invalid_fields", `The master key in ${dataDirectory}/master-key is not 32 bytes in base64.`);
  return key;
}

/** The roles' passwords follow from the master key, so that every process that has it can be each app. */
export function databaseAccess(url: string, vault: Vault): DatabaseAccess {
  return { url, password: (role) => vault.derive(`postgres role ${role}`) };
}

export function keptOwnerPassword(dataDirectory: string): Promise<string> {
  return keepSecret(dataDirectory, "owner-password", () => Array.from({ length: 4 }, group).join("-"));
}

/** Four groups have 98 bits. */
function group(): string {
  return Array.from({ length: 5 }, () => PASSWORD_ALPHABET[randomInt(PASSWORD_ALPHABET.length)]).join("");
}
