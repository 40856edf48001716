import { setTimeout as after } from "node:timers/promises";
import { revokeUpstream } from "@gatehouse/auth/connect/revoke-upstream";
import { type Database, withOrg } from "@gatehouse/store/database";
import { insertOperatorAct } from "@gatehouse/store/operators";
import { markDeleted, markDestroyed } from "@gatehouse/store/org-deletion";
import { countRevocations } from "@gatehouse/store/upstream-revocations";
import type { Vault } from "@gatehouse/vault/vault";

/** `db` as the authorization server's role. */
type Deps = Parameters<typeof revokeUpstream>[0] & { db: Database; vault: Vault };

const LOOK_EVERY_MS = 250;

/**
 * Nobody is admitted any more, upstreams are told that members' links have ended, and then nothing that the org kept secret
 * is ever opened again. Answers how many links could not be revoked within `seconds`. What the org did stays in the audit log.
 */
export async function deleteOrg(deps: Deps, org: { id: string; slug: string }, seconds = 30): Promise<number> {
  const { db, vault } = deps;
  await withOrg(db, org.id, async (scope) => {
    const isNew = await markDeleted(scope);
    const { slug } = org;
    if (isNew) await insertOperatorAct(scope, { event: "org.deleted", slug, entry: { before: { slug } } });
  });
  const left = await revokeAll(deps, org, seconds);
  await vault.destroyDataKey(org.id);
  await withOrg(db, org.id, markDestroyed);
  return left;
}

/** Beside the authorization servers that run, which may be at some of them. */
async function revokeAll(deps: Deps, { id }: { id: string }, seconds: number): Promise<number> {
  for (const end = Date.now() + seconds * 1000; ; await after(LOOK_EVERY_MS)) {
    await revokeUpstream(deps);
    const left = await countRevocations(deps.db, id);
    if (left === 0 || Date.now() > end) return left;
  }
}
