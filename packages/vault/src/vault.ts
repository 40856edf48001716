import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { Fault } from "@gatehouse/faults";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 1;

/** Which row a sealed value belongs to. It opens for that row alone. */
export interface SealedFor {
  /** The tenant, or `deployment` for what belongs to none. */
  org: string;
  /** The table and key of the row, such as `connectors/0198…`. */
  row: string;
}

export interface Vault {
  /** AES-256-GCM under the org's data key, with org and row as additional data. */
  seal(place: SealedFor, plaintext: string): Buffer;
  /** Throws `internal` where the value was changed, or sealed for another place or under another master key. */
  open(place: SealedFor, sealed: Buffer): string;
  /** A secret that follows from the master key, for `purpose` alone: base64url of 32 bytes. */
  derive(purpose: string): string;
}

/** 32 bytes of base64 or base64url, as `GATEHOUSE_MASTER_KEY` holds them; `null` where it is something else. */
export function parseMasterKey(text: string): Buffer | null {
  const key = Buffer.from(text.trim(), "base64");
  return key.length === 32 ? key : null;
}

/** Each org's data key follows from the master key (HKDF-SHA-256, RFC 5869) and the org's id. */
export function openVault(masterKey: Buffer): Vault {
  const dataKeys = new Map<string, Buffer>();
  function dataKey(org: string): Buffer {
    let key = dataKeys.get(org);
    if (!key) {
      key = Buffer.from(hkdfSync("sha256", masterKey, "gatehouse vault", `org ${org}`, 32));
      dataKeys.set(org, key);
    }
    return key;
  }
  return {
    seal({ org, row }, plaintext) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", dataKey(org), nonce);
      cipher.setAAD(Buffer.from(`${FORMAT}\n${org}\n${row}`));
      const body = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT), nonce, cipher.getAuthTag(), body]);
    },
    open({ org, row }, sealed) {
      try {
        const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
        const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv("aes-256-gcm", dataKey(org), nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(`${sealed[0]}\n${org}\n${row}`));
        decipher.setAuthTag(tag);
        const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
      } catch (cause) {
        throw new Fault(
          "internal",
          "A stored secret cannot be opened. Is GATEHOUSE_MASTER_KEY the one it was sealed with?",
          {
            cause,
          },
        );
      }
    },
    derive: (purpose) => createHmac("sha256", masterKey).update(`gatehouse ${purpose}`).digest("base64url"),
  };
}
