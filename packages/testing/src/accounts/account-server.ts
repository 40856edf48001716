/** An authorization server of somebody else's, and what its own people see of it. */
export interface AccountServer extends AsyncDisposable {
  issuer: string;
  /** Whose access token it is; `null` where it is none, or no longer. */
  whoIs(accessToken: string): string | null | Promise<string | null>;
  /** Access tokens that were given out until now are no longer taken. */
  expireAll(): void;
  /** Refresh tokens serve no more. */
  endGrants(): void;
  /** How often tokens were renewed. */
  refreshes: number;
  /** Tokens that it was asked to revoke. */
  revoked: string[];
}

/** The page that asks who you are, and believes it. */
export const signInPage = (
  pending: string,
) => `<!doctype html><html lang="en"><title>Sign in upstream</title><link rel="icon" href="data:,">
  <form method="post" action="/sign-in"><input type="hidden" name="pending" value="${pending}">
  <label>User <input name="upstream-user" required></label><button>Sign in</button></form></html>`;
