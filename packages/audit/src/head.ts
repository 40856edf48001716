import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";

/** A signed statement about an org's chain. */
export interface Head {
  /** `head`: it had come to `seq`. `retained_from`: rows up to `seq` were deleted by the org's own rule. */
  kind: "head" | "retained_from";
  org: string;
  seq: number;
  hash: string;
  /** RFC 3339. */
  at: string;
  /** The Ed25519 public key that checks `signature`, both in base64url. */
  key: string;
  signature: string;
}

export type Statement = Omit<Head, "key" | "signature">;

export interface HeadSigner {
  key: string;
  sign(statement: Statement): Head;
}

/** Its key follows from the deployment's secret, which no database holds. */
export function headSignerOf(vault: { derive(purpose: string): string }): HeadSigner {
  return openHeadSigner(Buffer.from(vault.derive("audit heads"), "base64url"));
}

/** Of Ed25519 (RFC 8410 §7): what stands before the 32 bytes of a private key in PKCS #8, and of a public one in SPKI. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** `seed` is the private key's 32 bytes (RFC 8032 §5.1.5). */
function openHeadSigner(seed: Buffer): HeadSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const key = spki.subarray(SPKI.length).toString("base64url");
  return {
    key,
    sign(statement) {
      const signature = sign(null, signedBytes({ ...statement, key }), privateKey).toString("base64url");
      return { ...statement, key, signature };
    },
  };
}

export function isSigned({ signature, ...statement }: Head): boolean {
  try {
    return verify(null, signedBytes(statement), publicKeyOf(statement.key), Buffer.from(signature, "base64url"));
  } catch {
    return false;
  }
}

function publicKeyOf(key: string): KeyObject {
  const der = Buffer.concat([SPKI, Buffer.from(key, "base64url")]);
  return createPublicKey({ key: der, format: "der", type: "spki" });
}

function signedBytes({ kind, org, seq, hash, at, key }: Omit<Head, "signature">): Buffer {
  return Buffer.from(canonicalJson({ kind, org, seq, hash, at, key }));
}
