import { randomBytes, randomInt } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { destroyDataKey, findDataKey, insertDataKey } from "@gatehouse/store/data-keys";
import { type DatabaseAccess, openDatabase } from "@gatehouse/store/database";
import { unwrapDeploymentSecret, wrapDeploymentSecret } from "@gatehouse/vault/deployment-secret";
import { localMasterKey, type MasterKey, type MasterKeys, parseMasterKey } from "@gatehouse/vault/master-key";
import { deriveFrom, openVault, secretOfMasterKey, type Vault, type WrappedKey } from "@gatehouse/vault/vault";
import type { Config, MasterKeyPlace } from "./config.ts";
import { keepSecret, openDataDirectory } from "./data-directory.ts";

/** Without those that are easily taken for one another: 30 letters and digits. */
const PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789";

/** What the deployment's secrets follow from, or are sealed with. */
export interface Keys {
  masterKeys: MasterKeys;
  secret: Buffer;
}

/** With the master key that is given, or else with the one that the data directory keeps. */
export async function openKeys({ masterKey, otherMasterKey, deploymentSecret, dataDirectory }: Config): Promise<Keys> {
  const current = masterKey ?? { bytes: await keptMasterKey(dataDirectory) };
  const opened = await Promise.all([current, otherMasterKey].map((place) => place && openMasterKey(place)));
  const masterKeys = opened.filter((key) => key !== undefined) as [MasterKey, MasterKey?];
  if (deploymentSecret) return { masterKeys, secret: await unwrapDeploymentSecret(masterKeys, deploymentSecret) };
  if ("bytes" in current && !otherMasterKey) return { masterKeys, secret: secretOfMasterKey(current.bytes) };
  const remedy = "`gatehouse keys secret` prints what it is to be.";
  throw new Fault("invalid_fields", `GATEHOUSE_DEPLOYMENT_SECRET must be given with this master key; ${remedy}`);
}

/** As `GATEHOUSE_DEPLOYMENT_SECRET`, under the current master key: the secret that there is, or a new one where there is none. */
export async function wrappedSecret(config: Config): Promise<string> {
  const { masterKey, otherMasterKey, deploymentSecret } = config;
  if (otherMasterKey && !deploymentSecret) {
    throw new Fault("invalid_fields", "Run this with the old GATEHOUSE_MASTER_KEY alone: the secret follows from it.");
  }
  if (deploymentSecret || !masterKey || "bytes" in masterKey) {
    const { masterKeys, secret } = await openKeys(config);
    return wrapDeploymentSecret(masterKeys, secret);
  }
  return wrapDeploymentSecret([await openMasterKey(masterKey)], randomBytes(32));
}

/** The SDK of a key management service is loaded only where there is one. */
async function openMasterKey(place: MasterKeyPlace): Promise<MasterKey> {
  if ("bytes" in place) return localMasterKey(place.bytes);
  const { awsKmsMasterKey } = await import("@gatehouse/vault/aws-kms");
  return awsKmsMasterKey(place);
}

async function keptMasterKey(dataDirectory: string): Promise<Buffer> {
  await openDataDirectory(dataDirectory);
  const kept = await keepSecret(dataDirectory, "master-key", () => randomBytes(32).toString("base64"));
  const key = parseMasterKey(kept);
  if (!key)
    throw new Fault("invalid_fields", `The master key in ${dataDirectory}/master-key is not 32 bytes in base64.`);
  return key;
}

/** The roles' passwords follow from the deployment's secret, so that every process that has it can be each app. */
export function databaseAccess(url: string, { secret }: Keys): DatabaseAccess {
  return { url, password: (role) => deriveFrom(secret, `postgres role ${role}`) };
}

/** It connects to the database, as a role of its own, when the first data key is asked for. */
export function openHouseVault(keys: Keys, access: DatabaseAccess): Vault & AsyncDisposable {
  const db = openDatabase(access, "gatehouse_vault", 2);
  const dataKeys = {
    find: (holder: string) => findDataKey(db, holder),
    insert: (key: WrappedKey) => insertDataKey(db, key),
    destroy: (holder: string) => destroyDataKey(db, holder),
  };
  return Object.assign(openVault({ ...keys, dataKeys }), { [Symbol.asyncDispose]: () => db[Symbol.asyncDispose]() });
}

export function keptOwnerPassword(dataDirectory: string): Promise<string> {
  return keepSecret(dataDirectory, "owner-password", () => Array.from({ length: 4 }, group).join("-"));
}

/** Four groups have 98 bits. */
function group(): string {
  return Array.from({ length: 5 }, () => PASSWORD_ALPHABET[randomInt(PASSWORD_ALPHABET.length)]).join("");
}
