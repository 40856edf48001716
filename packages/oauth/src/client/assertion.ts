import { createECDH, createPrivateKey, hash, hkdfSync, randomUUID, sign } from "node:crypto";
import type { JWK } from "jose";

/** Who is calling, and through what. */
export interface Caller {
  /** Of the member, or of the service account. */
  subject: string;
  email: string | null;
  clientId: string;
  org: { id: string; slug: string };
}

/** What says to others, in our name, who is calling. Everybody can check it by the keys that we publish. */
export interface AssertionKey {
  publicJwk: JWK;
  /** An `at+jwt` (RFC 9068) that is valid for a minute, and at `audience` alone: whoever it is shown to can show it to nobody else. */
  sign(caller: Caller, audience: string): string;
}

/** What its key is derived for. */
export const ASSERTIONS = "assertions";

const LIFETIME_SECONDS = 60;
/** Of the curve P-256. */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Another key than tokens of our own are signed with: nothing here opens Gatehouse. */
export function openAssertionKey({ issuer, secret }: { issuer: string; secret: string }): AssertionKey {
  const jwk = keyFrom(secret);
  const { d: _, ...publicJwk } = jwk;
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const header = encode({ alg: "ES256", typ: "at+jwt", kid: jwk.kid });
  return {
    publicJwk,
    sign({ subject, email, clientId, org }, audience) {
      const iat = Math.floor(Date.now() / 1000);
      const times = { iat, exp: iat + LIFETIME_SECONDS, jti: randomUUID() };
      const who = { sub: subject, ...(email === null ? {} : { email }), client_id: clientId };
      const claims = { iss: issuer, aud: audience, ...who, org: org.id, org_slug: org.slug, ...times };
      const signed = `${header}.${encode(claims)}`;
      const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

/** An upstream by its address, without what may be secret of it. */
export const audienceOf = ({ origin, pathname }: URL) => origin + pathname;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** FIPS 186-5 §A.2.1: from more bits than the curve's order has. */
function keyFrom(secret: string) {
  const bits = Buffer.from(hkdfSync("sha256", secret, "", "ES256", 48)).toString("hex");
  const scalar = ((BigInt(`0x${bits}`) % (ORDER - 1n)) + 1n).toString(16).padStart(64, "0");
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(scalar, "hex");
  const point = curve.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString("base64url"));
  const kid = hash("sha256", `assertions ${x} ${y}`, "base64url");
  const d = Buffer.from(scalar, "hex").toString("base64url");
  return { kty: "EC", crv: "P-256", x: x!, y: y!, d, kid, alg: "ES256", use: "sig" };
}
