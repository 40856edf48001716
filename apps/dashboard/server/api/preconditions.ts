import { hash } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { NO_ORG } from "@gatehouse/store/audit";
import { type Database, withOrg } from "@gatehouse/store/database";
import {
  abandonChange,
  beginChange,
  findLastChange,
  type LastChange,
  noteChange,
} from "@gatehouse/store/resource-changes";
import type { Context, Next } from "hono";
import { createMiddleware } from "hono/factory";
import { isRead } from "./bearer.ts";
import { type Conditional, may } from "./membership.ts";

/** The API as it is from without, for looking at what is about to be changed. */
export interface Shown {
  fetch: (request: Request) => Response | Promise<Response>;
  routes: () => readonly { method: string; path: string }[];
}

/** What comes and goes without anybody's change. */
const VOLATILE = new Set([
  ...["lastUsedAt", "probedAt", "outage", "names", "requestedBy", "requestedAt", "ownLink", "me"],
  ...["calls", "errors"],
  ...["deliveredSeq", "deliveredAt", "behind", "attempts", "error", "retryAt"],
]);

/**
 * `ETag` on all that is shown, and `If-Match` on all that is changed (RFC 9110 §13.1.1): of two who change the same, the
 * second is told. A change is held against what shows it: its own path, or the nearest above it.
 */
export function preconditions({ db }: { db: Database }, api: Shown) {
  let isShownAt: RegExp;

  /** Locks what it is about, so that nobody else's change comes between looking and changing. */
  async function changeIf(c: Context<Conditional>, next: Next, ifMatch: string, path: string | null): Promise<void> {
    if (path === null) throw new Fault("precondition_failed", "Nothing is shown here that an ETag could be of");
    // Whoever sends it slowly holds nothing meanwhile.
    await c.req.text();
    const id = holderOf(c);
    const begun = await withOrg(db, id, (scope) => beginChange(scope, path));
    if (!begun) throw changedMeanwhile(null);
    const etag = await etagAt(c, path);
    if (!matches(ifMatch, etag)) {
      const last = await withOrg(db, id, async (scope) => {
        await abandonChange(scope, path);
        return mayKnowWho(c) ? findLastChange(scope, path) : null;
      });
      throw changedMeanwhile(last);
    }
    await next();
    if (!c.res.ok) await withOrg(db, id, (scope) => abandonChange(scope, path));
  }

  async function etagAt(c: Context, path: string): Promise<string | null> {
    const headers = Object.entries({ cookie: c.req.header("cookie"), authorization: c.req.header("authorization") });
    const own = headers.filter((header): header is [string, string] => header[1] !== undefined);
    // A change of what is searched for is held against what that search shows.
    const shown = path === c.req.path ? c.req.url : new URL(path, c.req.url);
    return (await api.fetch(new Request(shown, { headers: own }))).headers.get("etag");
  }

  return createMiddleware<Conditional>(async function preconditions(c, next) {
    if (isRead(c.req.method)) {
      await next();
      return tag(c);
    }
    isShownAt ??= patternOf(api.routes());
    const path = showing(c.req.path, isShownAt);
    const ifMatch = c.req.header("if-match");
    if (ifMatch !== undefined) c.set("onCondition", (change) => changeIf(c, change, ifMatch, path));
    await next();
    if (!c.res.ok || path === null) return;
    const { isUnchanged, session } = c.var;
    await withOrg(db, holderOf(c), (scope) =>
      isUnchanged ? abandonChange(scope, path) : noteChange(scope, path, session.user.id),
    );
  });
}

const holderOf = (c: Context<Conditional>): string => c.var.membership?.org.id ?? NO_ORG;

function mayKnowWho(c: Context<Conditional>): boolean {
  const { membership } = c.var;
  return membership === undefined || may(membership.role, "read the audit log");
}

/** Strong: two that are the same say the same, but for what is volatile. Files have none. */
async function tag(c: Context): Promise<void> {
  const { headers, status } = c.res;
  if (status !== 200 || headers.get("content-type") !== "application/json" || headers.has("content-disposition"))
    return;
  c.header("etag", etagOf(await c.res.clone().json()));
}

/** What a list says of its rows, so that they can be changed as they were seen there. */
export function etagOf(shown: unknown): string {
  const text = JSON.stringify(shown, (key, value) => (VOLATILE.has(key) ? undefined : value));
  return `"${hash("sha256", text, "base64url").slice(0, 27)}"`;
}

function patternOf(routes: readonly { method: string; path: string }[]): RegExp {
  const shown = routes.filter(({ method, path }) => method === "GET" && /^\/api\/(orgs\/:org|platform)\//.test(path));
  return new RegExp(`^(${shown.map(({ path }) => path.replaceAll(/:[a-z]+/g, "[^/]+")).join("|")})$`);
}

function showing(path: string, isShownAt: RegExp): string | null {
  if (isShownAt.test(path)) return path;
  const parent = path.slice(0, path.lastIndexOf("/"));
  return parent === "" ? null : showing(parent, isShownAt);
}

function matches(ifMatch: string, etag: string | null): boolean {
  if (etag === null) return false;
  return ifMatch === "*" || ifMatch.split(",").some((one) => one.trim() === etag);
}

function changedMeanwhile(last: LastChange | null): Fault {
  const who = last?.by ?? "Somebody else";
  return new Fault("precondition_failed", `${who} has changed this meanwhile. Look at it as it is now, then decide`, {
    data: last ? { changedBy: last.by, changedAt: last.at.toISOString() } : {},
  });
}
