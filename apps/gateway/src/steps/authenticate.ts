import type { AccessToken } from "@gatehouse/oauth/access-token";
import { isDashboardToken } from "@gatehouse/oauth/dashboard-token";
import { missingToken } from "@gatehouse/oauth/protected-resource";
import { digestOf, isStaticToken } from "@gatehouse/oauth/static-token";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { mayUse } from "../may-use.ts";
import type { OrgSnapshot } from "../snapshots.ts";

const NOT_VALID = "The access token is not valid here, or has expired";
const MISTYPED = "The token is mistyped or cut off. Copy the whole of it, from gate_ to its end.";
const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

/**
 * From bearer token to member, org and connector: signature, issuer, expiry, audience, not revoked, still a member. For
 * every address that is well-formed the refusal is the same, and costs the same: a stranger's token reaches no table.
 */
export function authenticate({
  publicUrl,
  tokens,
  staticTokens,
  dashboardTokens,
  snapshots,
  lastUse,
}: Pick<Dependencies, "publicUrl" | "tokens" | "staticTokens" | "dashboardTokens" | "snapshots" | "lastUse">): Step {
  function refuse(exchange: Exchange, problem?: string): never {
    throw missingToken(publicUrl, exchange.path, problem);
  }

  function admit(exchange: Exchange, token: AccessToken, org: OrgSnapshot | null): void {
    if (!org || !isAdmitted(org, token)) refuse(exchange, "The access token has been revoked");
    lastUse.note(token);
    exchange.token = token;
    exchange.org = org;
    exchange.connector = org.connectors.get(token.endpointId)!;
  }

  function find(exchange: Exchange, token: AccessToken | null): void | Promise<void> {
    if (token?.audience !== exchange.audience) refuse(exchange, NOT_VALID);
    const org = snapshots.find(token.orgId);
    if (org instanceof Promise) return org.then((found) => admit(exchange, token, found));
    admit(exchange, token, org);
  }

  function admitStatic(exchange: Exchange, digest: string, org: OrgSnapshot | null): void {
    const token = org?.staticTokens.get(digest)?.at(exchange.audience);
    if (!token || token.expiresAt * 1000 <= Date.now()) refuse(exchange, NOT_VALID);
    admit(exchange, token, org);
  }

  function findStatic(exchange: Exchange, bearer: string): void | Promise<void> {
    const digest = digestOf(bearer);
    const orgId = staticTokens.orgOf(bearer, digest);
    if (orgId === null) refuse(exchange, MISTYPED);
    const org = snapshots.find(orgId);
    if (org instanceof Promise) return org.then((found) => admitStatic(exchange, digest, found));
    admitStatic(exchange, digest, org);
  }

  return function authenticate(exchange) {
    const { authorization } = exchange.request.headers;
    if (authorization === undefined) refuse(exchange);
    const bearer = BEARER.exec(authorization)?.[1];
    if (bearer === undefined) refuse(exchange, "The authorization header holds no bearer token");
    if (isDashboardToken(bearer)) return dashboardTokens.verify(bearer).then((verified) => find(exchange, verified));
    if (isStaticToken(bearer)) return findStatic(exchange, bearer);
    const token = tokens.verify(bearer);
    if (token instanceof Promise) return token.then((verified) => find(exchange, verified));
    return find(exchange, token);
  };
}

/** What may have changed since the token was issued, and is looked at for every request and every open stream. */
export function isAdmitted(org: OrgSnapshot, token: AccessToken): boolean {
  const connector = org.connectors.get(token.endpointId);
  return !org.suspended && connector !== undefined && mayUse(org, token, connector.openTo) && isLive(org, token);
}

/** A static token is gone from the snapshot when it has been ended, and when whom it acts as may not call any more. */
function isLive(org: OrgSnapshot, { staticToken, subject, grantId }: AccessToken): boolean {
  if (staticToken) return org.staticTokens.has(staticToken.digest);
  return org.members.has(subject) && !org.revokedGrants.has(grantId);
}
