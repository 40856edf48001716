import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { findConsentTerms } from "@gatehouse/store/grants";
import { type Client, errors, type KoaContextWithOIDC, type RefreshToken } from "oidc-provider";
import { isPinnedCopy } from "./cimd.ts";
import { clientDigest } from "./client-identity.ts";
import { checkRefreshTokenAge, type Lifetimes, settleLifetimes } from "./lifetimes.ts";
import { findEndpoint } from "./resource.ts";

/**
 * For `rotateRefreshToken`, which is asked before the token is used up: a refresh that is refused for now leaves it as it
 * was. The grant has been looked for already; it ends with its row.
 */
export function checkRefresh(deps: { db: Database; publicUrl: URL; lifetimes: Lifetimes }) {
  return async function checkRefresh(ctx: KoaContextWithOIDC): Promise<true> {
    const token = ctx.oidc.entities.RefreshToken as RefreshToken;
    const endpoint = await findEndpoint(deps, token.resource as string, token.accountId);
    if (!endpoint) throw new errors.InvalidGrant("the member may not use this endpoint any more");
    await withOrg(deps.db, endpoint.org.id, async (org) => {
      await checkClientIsSame(org, token.grantId!, ctx.oidc.client!);
      checkRefreshTokenAge(token, await settleLifetimes(org, ctx, deps.lifetimes));
    });
    return true;
  };
}

/** Whoever says something else of itself now is not whom the member consented to. */
async function checkClientIsSame(org: OrgScope, grantId: string, client: Client): Promise<void> {
  if (isPinnedCopy(client)) return;
  const terms = await findConsentTerms(org, grantId);
  if (terms?.clientDigest === clientDigest(client)) return;
  throw new errors.InvalidGrant("the client has changed since its member consented, and needs consent anew");
}
