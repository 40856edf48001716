import { randomUUID } from "node:crypto";
import { hash, verify } from "@node-rs/argon2";

const PASSWORD_CHARACTERS_MAX = 1000;

/** Argon2id, 19 MiB and two passes, as a PHC string (RFC 9106; OWASP's first choice). */
export function hashPassword(password: string): Promise<string> {
  return hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
}

const nobodysHash = hashPassword(randomUUID());

/** `passwordHash` is `null` for someone who has no account: that takes as long, and is `false`. */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  if (password.length > PASSWORD_CHARACTERS_MAX) return false;
  const matches = await verify(passwordHash ?? (await nobodysHash), password);
  return matches && passwordHash !== null;
}
