import { TOKEN_LIFETIMES } from "@gatehouse/oauth/token-lifetimes";
import type { OrgScope } from "@gatehouse/store/database";
import { findTokenLifetimes } from "@gatehouse/store/token-lifetimes";
import { errors, type KoaContextWithOIDC, type RefreshToken } from "oidc-provider";

/** How long everything that the authorization server gives out lives, in seconds. */
export interface Lifetimes {
  accessToken: number;
  authorizationCode: number;
  idToken: number;
  /** From its issue; each rotation begins anew. */
  refreshToken: number;
  /** From the sign-in that it goes back to, however often it is rotated. */
  refreshTokenMax: number;
  /** How long a refresh token that was used may come again: several processes of one client race on it. */
  refreshTokenGrace: number;
  /** What a member consented to. No token outlives it. */
  grant: number;
  interaction: number;
  session: number;
  /** A client that registered itself and that nobody has consented to. */
  unusedClient: number;
  /** One that somebody has, from when it last was given a token. */
  idleClient: number;
}

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Whatever an org sets. Revocations and signing keys are kept for as long. */
export const ACCESS_TOKEN_TTL_SECONDS_MAX = TOKEN_LIFETIMES.accessTokenTtlSeconds.max;

export const LIFETIMES: Lifetimes = {
  accessToken: TOKEN_LIFETIMES.accessTokenTtlSeconds.usual,
  authorizationCode: MINUTE,
  idToken: 10 * MINUTE,
  refreshToken: TOKEN_LIFETIMES.refreshTokenTtlSeconds.usual,
  refreshTokenMax: TOKEN_LIFETIMES.refreshTokenTtlSecondsMax.usual,
  refreshTokenGrace: MINUTE,
  grant: 365 * DAY,
  interaction: 60 * MINUTE,
  session: 14 * DAY,
  unusedClient: DAY,
  idleClient: 90 * DAY,
};

export type TokenLifetimes = Pick<Lifetimes, "accessToken" | "refreshToken" | "refreshTokenMax">;

/** By request: what holds for the tokens of the endpoint that it is about. */
const settled = new WeakMap<object, TokenLifetimes>();

export const settledLifetimes = (ctx: KoaContextWithOIDC): TokenLifetimes | undefined => settled.get(ctx);

/** What the endpoint's org has set, for the tokens that this request is answered with. */
export async function settleLifetimes(
  org: OrgScope,
  ctx: KoaContextWithOIDC,
  lifetimes: Lifetimes,
): Promise<TokenLifetimes> {
  const set = await findTokenLifetimes(org);
  const own = {
    accessToken: set.accessTokenTtlSeconds ?? lifetimes.accessToken,
    refreshToken: set.refreshTokenTtlSeconds ?? lifetimes.refreshToken,
    refreshTokenMax: set.refreshTokenTtlSecondsMax ?? lifetimes.refreshTokenMax,
  };
  settled.set(ctx, own);
  return own;
}

/** Of one that is about to be issued, in seconds. */
export function refreshTokenTtl(lifetimes: Lifetimes) {
  return function refreshTokenTtl(ctx: KoaContextWithOIDC, { iiat }: RefreshToken): number {
    const { refreshToken, refreshTokenMax } = settled.get(ctx) ?? lifetimes;
    return Math.max(1, Math.min(refreshToken, iiat! + refreshTokenMax - secondsNow()));
  };
}

/** One that was issued for longer than the org now allows has ended. */
export function checkRefreshTokenAge({ iat, iiat }: RefreshToken, lifetimes: TokenLifetimes): void {
  const now = secondsNow();
  if (now < iat! + lifetimes.refreshToken && now < iiat! + lifetimes.refreshTokenMax) return;
  throw new errors.InvalidGrant("the organisation wants its members to sign in anew after this time");
}

const secondsNow = () => Math.floor(Date.now() / 1000);
