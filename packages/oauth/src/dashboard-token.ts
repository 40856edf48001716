import { jwtVerify, SignJWT } from "jose";
import { type AccessToken, toAccessToken } from "./access-token.ts";

/** Our own dashboard, as a client. */
export const DASHBOARD_CLIENT_ID = "dashboard";

/** What the key is derived for, at both ends. */
export const DASHBOARD_TOKENS = "dashboard tokens";

/** Who calls through the dashboard, and what. */
export interface DashboardCall {
  subject: string;
  orgId: string;
  endpointId: string;
  /** The endpoint's canonical URL. */
  audience: string;
  scopes: readonly string[];
}

/**
 * What the dashboard calls an endpoint with in the name of whoever is signed in to it: an access token that no browser
 * sees, for one endpoint. Whether its member may still call is looked at as with any other.
 */
export interface DashboardTokens {
  mint(call: DashboardCall): Promise<string>;
  /** `null` for what is none of ours, and for one that has expired. */
  verify(token: string): Promise<AccessToken | null>;
}

const PREFIX = "gate_dash_";
const SECONDS = 60;
const ALGORITHM = "HS256";

export const isDashboardToken = (bearer: string): boolean => bearer.startsWith(PREFIX);

export function openDashboardTokens({ key, issuer }: { key: string; issuer: string }): DashboardTokens {
  const secret = Buffer.from(key, "base64url");
  return {
    async mint({ subject, orgId, endpointId, audience, scopes }) {
      const ours = { client_id: DASHBOARD_CLIENT_ID, grant: DASHBOARD_CLIENT_ID, scope: scopes.join(" ") };
      const token = await new SignJWT({ ...ours, org: orgId, endpoint: endpointId })
        .setProtectedHeader({ alg: ALGORITHM, typ: "at+jwt" })
        .setIssuer(issuer)
        .setSubject(subject)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(`${SECONDS}s`)
        .sign(secret);
      return PREFIX + token;
    },
    async verify(token) {
      const options = { issuer, algorithms: [ALGORITHM], typ: "at+jwt", requiredClaims: ["exp"] };
      const verified = await jwtVerify(token.slice(PREFIX.length), secret, options).catch(() => null);
      return verified && toAccessToken(verified.payload);
    },
  };
}
