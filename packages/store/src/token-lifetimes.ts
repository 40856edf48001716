import type { OrgScope } from "./database.ts";
import { takeTurn } from "./turns.ts";

/** What an org's owners have set for tokens, in seconds; `null` is the deployment's own. */
export interface TokenLifetimes {
  accessTokenTtlSeconds: number | null;
  /** Of a refresh token that is not used. */
  refreshTokenTtlSeconds: number | null;
  /** From sign-in on, however often it is used. */
  refreshTokenTtlSecondsMax: number | null;
}

export async function findTokenLifetimes(org: OrgScope): Promise<TokenLifetimes> {
  return org.db
    .selectFrom("orgs")
    .select([
      "access_token_ttl_seconds as accessTokenTtlSeconds",
      "refresh_token_ttl_seconds as refreshTokenTtlSeconds",
      "refresh_token_ttl_seconds_max as refreshTokenTtlSecondsMax",
    ])
    .where("id", "=", org.id)
    .executeTakeFirstOrThrow();
}

/** Answers what was set before, and nobody has changed meanwhile. */
export async function updateTokenLifetimes(org: OrgScope, lifetimes: TokenLifetimes): Promise<TokenLifetimes> {
  await takeTurn(org, "token lifetimes");
  const before = await findTokenLifetimes(org);
  await org.db
    .updateTable("orgs")
    .set({
      access_token_ttl_seconds: lifetimes.accessTokenTtlSeconds,
      refresh_token_ttl_seconds: lifetimes.refreshTokenTtlSeconds,
      refresh_token_ttl_seconds_max: lifetimes.refreshTokenTtlSecondsMax,
    })
    .where("id", "=", org.id)
    .execute();
  return before;
}
