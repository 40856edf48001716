import type { AccessToken } from "@gatehouse/oauth/access-token";
import { missingToken } from "@gatehouse/oauth/protected-resource";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import type { OrgSnapshot } from "../snapshots.ts";

const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

/**
 * From bearer token to member, org and connector: signature, issuer, expiry, audience, not revoked, still a member. For
 * every address that is well-formed the refusal is the same, and costs the same: a stranger's token reaches no table.
 */
export function authenticate({
  publicUrl,
  tokens,
  snapshots,
}: Pick<Dependencies, "publicUrl" | "tokens" | "snapshots">): Step {
  function refuse(exchange: Exchange, problem?: string): never {
    throw missingToken(publicUrl, exchange.path, problem);
  }

  function admit(exchange: Exchange, token: AccessToken, org: OrgSnapshot | null): void {
    if (!org || !isAdmitted(org, token)) refuse(exchange, "The access token has been revoked");
    exchange.token = token;
    exchange.org = org;
    exchange.connector = org.connectors.get(token.endpointId)!;
  }

  function find(exchange: Exchange, token: AccessToken | null): void | Promise<void> {
    if (!token) refuse(exchange, "The access token is not valid here, or has expired");
    if (token.audience !== exchange.audience) refuse(exchange, "The access token is not valid here, or has expired");
    const org = snapshots.find(token.orgId);
    if (org instanceof Promise) return org.then((found) => admit(exchange, token, found));
    admit(exchange, token, org);
  }

  return function authenticate(exchange) {
    const { authorization } = exchange.request.headers;
    if (authorization === undefined) refuse(exchange);
    const bearer = BEARER.exec(authorization)?.[1];
    if (bearer === undefined) refuse(exchange, "The authorization header holds no bearer token");
    const token = tokens.verify(bearer);
    if (token instanceof Promise) return token.then((verified) => find(exchange, verified));
    return find(exchange, token);
  };
}

/** What may have changed since the token was issued, and is looked at for every request and every open stream. */
export function isAdmitted(org: OrgSnapshot, token: AccessToken): boolean {
  return (
    org.members.has(token.subject) && org.connectors.has(token.endpointId) && !org.revokedGrants.has(token.grantId)
  );
}
