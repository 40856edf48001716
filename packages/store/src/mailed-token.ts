import { hash, randomBytes } from "node:crypto";

/** What a mailed link holds, 256 random bits, and what is kept of it. */
export function newMailedToken(): { token: string; tokenHash: Buffer } {
  const token = randomBytes(32).toString("base64url");
  return { token, tokenHash: hashMailedToken(token) };
}

export function hashMailedToken(token: string): Buffer {
  return hash("sha256", token, "buffer");
}
