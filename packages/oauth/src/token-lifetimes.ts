const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long tokens live where an org has set nothing, and within what it may set, in seconds. */
export const TOKEN_LIFETIMES = {
  accessTokenTtlSeconds: { usual: 30 * MINUTE, min: 5 * MINUTE, max: 12 * HOUR },
  /** Of a refresh token that is not used. */
  refreshTokenTtlSeconds: { usual: 30 * DAY, min: HOUR, max: 90 * DAY },
  /** From sign-in on, however often it is used. */
  refreshTokenTtlSecondsMax: { usual: 180 * DAY, min: DAY, max: 365 * DAY },
} as const;
