import { withOrg } from "@gatehouse/store/database";
import { listOrgsToDestroy, markDestroyed } from "@gatehouse/store/org-deletion";
import { keepDoing } from "@gatehouse/telemetry/jobs";
import type { DashboardDeps } from "../dashboard.ts";

type Used = Pick<DashboardDeps, "db" | "vault" | "log">;

const LOOK_EVERY_MS = 5000;

/** Destroys the data keys of those that are ready for it: nothing that they kept secret is opened again. */
export async function destroyDeletedOrgs({ db, vault }: Pick<Used, "db" | "vault">): Promise<void> {
  for (const orgId of await listOrgsToDestroy(db)) {
    await vault.destroyDataKey(orgId);
    await withOrg(db, orgId, markDestroyed);
  }
}

/** Whichever process was told to delete an org, and has gone since, another one ends it. */
export function finishDeletions(deps: Used): AsyncDisposable {
  return keepDoing(
    {
      ...{ name: "deletions", everyMs: LOOK_EVERY_MS, failure: "deleted orgs could not be destroyed" },
      work: () => destroyDeletedOrgs(deps),
    },
    deps.log,
  );
}
