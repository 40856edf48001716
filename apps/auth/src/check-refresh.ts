import type { Database } from "@gatehouse/store/database";
import { errors, type KoaContextWithOIDC, type RefreshToken } from "oidc-provider";
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
    checkRefreshTokenAge(token, await settleLifetimes(deps, ctx, endpoint.org.id));
    return true;
  };
}
