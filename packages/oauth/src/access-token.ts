import { hash } from "node:crypto";
import { cacheLookups } from "@gatehouse/telemetry/events";
import { createLocalJWKSet, errors, type JWK, jwtVerify } from "jose";

/** Who calls, and what for, as the access token says (RFC 9068). */
export interface AccessToken {
  /** The member's user id. */
  subject: string;
  clientId: string;
  scopes: ReadonlySet<string>;
  /** The one endpoint that it opens, by its canonical URL. */
  audience: string;
  orgId: string;
  endpointId: string;
  grantId: string;
  /** Of one that stands for a static token, whose id is its `grantId`; `null` where a client was given a grant. */
  staticToken: { digest: string; name: string } | null;
  /** Seconds since the epoch. */
  expiresAt: number;
}

export interface AccessTokenVerifier {
  /**
   * `null` for what is no valid token of ours. One that was verified before costs a hash; its expiry is looked at every
   * time. Whether it was revoked, and for which endpoint it is, is for the caller to see.
   */
  verify(token: string): AccessToken | null | Promise<AccessToken | null>;
}

const REMEMBERED_MAX = 50_000;
/** An unknown `kid` makes the keys be read again, at most this often. */
const KEYS_READ_AGAIN_MS = 2000;

/** `listPublicKeys` gives the issuer's keys as JWKs with `kid`. */
export function openAccessTokenVerifier({
  issuer,
  listPublicKeys,
}: {
  issuer: string;
  listPublicKeys: () => Promise<JWK[]>;
}): AccessTokenVerifier {
  const remembered = new Map<string, AccessToken>();
  let keys: Promise<ReturnType<typeof createLocalJWKSet>> | undefined;
  let keysReadAt = 0;

  function readKeys() {
    keysReadAt = Date.now();
    keys = listPublicKeys().then((list) => createLocalJWKSet({ keys: list }));
    keys.catch(() => {
      keys = undefined;
    });
    return keys;
  }

  async function check(token: string): Promise<AccessToken | null> {
    const options = { issuer, algorithms: ["ES256"], typ: "at+jwt", requiredClaims: ["exp", "sub", "aud", "jti"] };
    try {
      const { payload } = await jwtVerify(token, await (keys ?? readKeys()), options);
      return toAccessToken(payload);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey && Date.now() - keysReadAt > KEYS_READ_AGAIN_MS) {
        await readKeys();
        return check(token);
      }
      if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  async function verifyAnew(token: string, digest: string): Promise<AccessToken | null> {
    const verified = await check(token);
    if (!verified) return null;
    if (remembered.size >= REMEMBERED_MAX) remembered.delete(remembered.keys().next().value!);
    remembered.set(digest, verified);
    return verified;
  }

  return {
    verify(token) {
      const digest = hash("sha256", token, "base64");
      const known = remembered.get(digest);
      cacheLookups.add(1, "tokens", known ? "hit" : "miss");
      if (!known) return verifyAnew(token, digest);
      if (known.expiresAt * 1000 > Date.now()) return known;
      remembered.delete(digest);
      return null;
    },
  };
}

export function toAccessToken(claims: Record<string, unknown>): AccessToken | null {
  const { sub, client_id, scope = "", aud, org, endpoint, grant, exp } = claims;
  const strings = [sub, client_id, scope, aud, org, endpoint, grant];
  if (!strings.every((claim) => typeof claim === "string") || typeof exp !== "number") return null;
  return {
    subject: sub as string,
    clientId: client_id as string,
    scopes: new Set((scope as string).split(" ").filter(Boolean)),
    audience: aud as string,
    orgId: org as string,
    endpointId: endpoint as string,
    grantId: grant as string,
    staticToken: null,
    expiresAt: exp,
  };
}
