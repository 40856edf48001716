/** How long everything that the authorization server gives out lives, in seconds. */
export interface Lifetimes {
  accessToken: number;
  authorizationCode: number;
  idToken: number;
  /** From its issue; each rotation begins anew. */
  refreshToken: number;
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
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whatever an org sets. Revocations and signing keys are kept for as long. */
export const ACCESS_TOKEN_TTL_SECONDS_MAX = 12 * HOUR;

export const LIFETIMES: Lifetimes = {
  accessToken: 30 * MINUTE,
  authorizationCode: MINUTE,
  idToken: 10 * MINUTE,
  refreshToken: 30 * DAY,
  refreshTokenGrace: MINUTE,
  grant: 365 * DAY,
  interaction: 60 * MINUTE,
  session: 14 * DAY,
  unusedClient: DAY,
  idleClient: 90 * DAY,
};
