import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";

/** Whose a token is, as its first letters say: a member's own, or a service account's. */
export type StaticTokenKind = "pat" | "svc";

/**
 * `gate_pat_` or `gate_svc_`, and base64url of the org's id, 256 random bits and a checksum. The checksum is keyed, so that
 * what we never minted is told from what we did without looking it up.
 */
export interface StaticTokens {
  mint(kind: StaticTokenKind, orgId: string): string;
  /** The org that it was minted for; `null` where we never minted it. Whether it still opens anything, the org knows. */
  orgOf(token: string, digest: string): string | null;
}

/** What the key is derived for, wherever tokens are minted or looked at. */
export const STATIC_TOKENS = "static tokens";

const SHAPE = /^(gate_(?:pat|svc)_)([\w-]{76})$/;
const ORG_BYTES = 16;
const SECRET_BYTES = 32;
/** With it the whole is a multiple of three bytes, which base64url writes without a remainder. */
const CHECKSUM_BYTES = 9;
const REMEMBERED_MAX = 50_000;

export function openStaticTokens({ key }: { key: string }): StaticTokens {
  const orgs = new Map<string, string>();
  const checksumOf = (prefix: string, content: Buffer) =>
    createHmac("sha256", key).update(prefix).update(content).digest().subarray(0, CHECKSUM_BYTES);

  function check(token: string): string | null {
    const [, prefix, body] = SHAPE.exec(token) ?? [];
    if (prefix === undefined || body === undefined) return null;
    const bytes = Buffer.from(body, "base64url");
    const content = bytes.subarray(0, ORG_BYTES + SECRET_BYTES);
    if (!timingSafeEqual(bytes.subarray(content.length), checksumOf(prefix, content))) return null;
    return toUuid(content.subarray(0, ORG_BYTES));
  }

  return {
    mint(kind, orgId) {
      const prefix = `gate_${kind}_`;
      const content = Buffer.concat([Buffer.from(orgId.replaceAll("-", ""), "hex"), randomBytes(SECRET_BYTES)]);
      return prefix + Buffer.concat([content, checksumOf(prefix, content)]).toString("base64url");
    },
    orgOf(token, digest) {
      const known = orgs.get(digest);
      if (known !== undefined) return known;
      const orgId = check(token);
      if (orgId === null) return null;
      if (orgs.size >= REMEMBERED_MAX) orgs.delete(orgs.keys().next().value!);
      orgs.set(digest, orgId);
      return orgId;
    },
  };
}

/** What no access token begins with. */
export const isStaticToken = (bearer: string): boolean => bearer.startsWith("gate_");

/** SHA-256, by which a token is found. */
export const digestOf = (token: string): string => hash("sha256", token, "base64");

function toUuid(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
