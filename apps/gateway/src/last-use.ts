import type { AccessToken } from "@gatehouse/oauth/access-token";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { updateGrantsLastUse } from "@gatehouse/store/grants";
import { updateStaticTokensLastUse } from "@gatehouse/store/static-tokens";

/** When grants and static tokens were last used, for people to see. */
export interface LastUse extends AsyncDisposable {
  /** Costs a call no more than adding to a set. */
  note(token: AccessToken): void;
}

const WRITE_EVERY_MS = 1000;
const AGAIN_AFTER_MS = 60_000;

/** Written a moment after a use, all of an org's at once, and for each of them at most once a minute. */
export function openLastUse({ db, onError }: { db: Database; onError: (error: unknown) => void }): LastUse {
  const used = new Set<AccessToken>();
  const writtenAt = new Map<string, number>();
  let writing = Promise.resolve();

  function takeDue(): AccessToken[] {
    const now = performance.now();
    for (const [id, at] of writtenAt) if (now - at >= AGAIN_AFTER_MS) writtenAt.delete(id);
    const due = [...used].filter(({ grantId }) => !writtenAt.has(grantId));
    for (const token of due) {
      used.delete(token);
      writtenAt.set(token.grantId, now);
    }
    return due;
  }

  async function write(): Promise<void> {
    for (const [orgId, tokens] of Map.groupBy(takeDue(), ({ orgId }) => orgId)) {
      await withOrg(db, orgId, (org) => writeOf(org, tokens));
    }
  }

  const timer = setInterval(() => {
    writing = writing.then(write).catch(onError);
  }, WRITE_EVERY_MS);
  timer.unref();

  return {
    note: (token) => void used.add(token),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
    },
  };
}

async function writeOf(org: OrgScope, tokens: AccessToken[]): Promise<void> {
  const idsOf = (list: AccessToken[]) => list.map(({ grantId }) => grantId);
  await updateGrantsLastUse(org, idsOf(tokens.filter(({ staticToken }) => !staticToken)));
  await updateStaticTokensLastUse(org, idsOf(tokens.filter(({ staticToken }) => staticToken)));
}
