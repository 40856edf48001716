import { rotateKeys } from "@gatehouse/auth/keys";
import { openEgress } from "@gatehouse/egress/egress";
import { Fault, toFault } from "@gatehouse/faults";
import { listDataKeysNotUnder, updateWrapping } from "@gatehouse/store/data-keys";
import { type Database, type DatabaseAccess, openDatabase, withOrg } from "@gatehouse/store/database";
import { insertOperatorAct, insertPlatformAudit } from "@gatehouse/store/operators";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import { resumeOrg, suspendOrg } from "@gatehouse/store/suspensions";
import { createLogger } from "@gatehouse/telemetry/log";
import { rewrapDataKeys } from "@gatehouse/vault/rotate";
import type { Vault } from "@gatehouse/vault/vault";
import type { Config } from "./config.ts";
import { deleteOrg } from "./delete-org.ts";
import type { Progress } from "./progress.ts";
import { databaseAccess, openHouseVault, openKeys, wrappedSecret } from "./secrets.ts";
import { checkRole, reachStorage } from "./storage.ts";

const REWRAP_BATCH = 100;

// What operators do beside a deployment that runs; every process of it sees the change by itself.

/** Another key signs from now on, and a further one is published as the next. */
export async function rotateSigningKeys(config: Config, progress: Progress): Promise<void> {
  await asAuthorizationServer(config, async (db, vault) => {
    const { kid, signsFrom } = await rotateKeys(db, vault);
    const now = signsFrom.getTime() <= Date.now() + 1000;
    progress.line(`The key ${kid} signs ${now ? "from now on" : `from ${signsFrom.toISOString()} on`}.`);
    progress.line("The key before it stays published until the last token that it signed has expired.");
  });
}

/** Nobody calls, connects or refreshes at the org's endpoints until it is resumed. */
export async function setSuspension(
  config: Config,
  progress: Progress,
  { slug, suspended }: { slug: string; suspended: boolean },
): Promise<void> {
  await asAuthorizationServer(config, async (db, vault) => {
    const org = await findOrgBySlug(db, slug);
    if (!org) throw new Fault("not_found", `There is no org “${slug}”.`);
    if (!suspended) await refuseDeleted(vault, org);
    const changed = await withOrg(db, org.id, async (scope) => {
      const isNew = await (suspended ? suspendOrg(scope) : resumeOrg(scope));
      const event = suspended ? "org.suspended" : "org.resumed";
      const entry = { before: { suspended: !suspended }, after: { suspended } };
      if (isNew) await insertOperatorAct(scope, { event, slug, entry });
      return isNew;
    });
    const state = suspended ? "suspended" : "not suspended";
    progress.line(`The org “${slug}” is ${state}${changed ? " now" : " already"}.`);
  });
}

export async function deleteOrgOnceConfirmed(
  config: Config,
  progress: Progress,
  { slug, confirm }: { slug: string; confirm: string },
): Promise<void> {
  if (confirm !== slug) throw new Fault("invalid_fields", `--confirm says “${confirm}”, and the org is “${slug}”.`);
  await asAuthorizationServer(config, async (db, vault) => {
    const org = await findOrgBySlug(db, slug);
    if (!org) throw new Fault("not_found", `There is no org “${slug}”.`);
    const { egressAllow: allow, egressProxy: proxy, operatorClients } = config;
    await using egress = openEgress({ allow, proxy, ownOrigins: config.publicUrl ? [config.publicUrl] : [] });
    const log = createLogger({ level: "silent" });
    const unrevoked = await deleteOrg({ db, vault, egress, log, operatorClients }, org);
    if (unrevoked > 0) progress.line(`${unrevoked} members' links could not be revoked upstream in time.`);
    progress.line(`The org “${slug}” is suspended, and its data key is destroyed.`);
  });
}

/** What a deleted org kept secret cannot be opened again, by whomever it is admitted. */
export async function refuseDeleted(vault: Vault, { id, slug }: { id: string; slug: string }): Promise<void> {
  try {
    await vault.dataKey(id);
  } catch (error) {
    const fault = toFault(error);
    throw fault.code === "not_found" ? new Fault("conflict", `The org “${slug}” has been deleted, for good.`) : fault;
  }
}

/** Wraps every data key with the current master key. It may be stopped, and run again. */
export async function rotateMasterKey(config: Config, progress: Progress): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const keys = await openKeys(config);
  const storage = stack.use(await reachStorage(config));
  const access = databaseAccess(storage.url, keys);
  await checkRole(access, "gatehouse_vault");
  const db = stack.use(openDatabase(access, "gatehouse_vault", 1));
  const count = await rewrapDataKeys(keys.masterKeys, {
    listNotUnder: (id, after) => listDataKeysNotUnder(db, id, { after, countMax: REWRAP_BATCH }),
    update: (read, anew) => updateWrapping(db, read, anew),
  });
  const [{ id }, other] = keys.masterKeys;
  if (count > 0) await recordMasterKey(access, { before: other?.id ?? null, after: id, count });
  progress.line(`${count} data keys were wrapped anew; all are under ${id}.`);
}

/** Whoever wraps keys may write nothing else. */
async function recordMasterKey(
  access: DatabaseAccess,
  entry: { before: string | null; after: string; count: number },
): Promise<void> {
  await checkRole(access, "gatehouse_auth");
  await using db = openDatabase(access, "gatehouse_auth", 1);
  await db
    .transaction()
    .execute((transaction) => insertPlatformAudit(transaction, { event: "master_key.rotated", entry }));
}

/** For where it does not simply follow from the master key. */
export async function printDeploymentSecret(config: Config, progress: Progress): Promise<void> {
  progress.line(`GATEHOUSE_DEPLOYMENT_SECRET=${await wrappedSecret(config)}`);
}

export async function asAuthorizationServer(
  config: Config,
  work: (db: Database, vault: Vault) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const keys = await openKeys(config);
  const storage = stack.use(await reachStorage(config));
  const access = databaseAccess(storage.url, keys);
  await checkRole(access, "gatehouse_auth");
  const vault = stack.use(openHouseVault(keys, access));
  await work(stack.use(openDatabase(access, "gatehouse_auth", 2)), vault);
}
