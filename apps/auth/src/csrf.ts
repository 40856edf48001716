import { createHmac, timingSafeEqual } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import type { Vault } from "@gatehouse/vault/vault";

export interface FormTokens {
  /** For the form of one interaction, in the one browser that has its cookie. */
  tokenFor(uid: string): string;
  /** Throws `forbidden` for a form that another site sent, or that does not hold this interaction's token. */
  check(form: { uid: string; token: unknown; origin: string | undefined }): void;
}

export function openFormTokens(vault: Vault, publicUrl: URL): FormTokens {
  const key = vault.derive("interaction forms");
  const tokenFor = (uid: string) => createHmac("sha256", key).update(uid).digest("base64url");
  return {
    tokenFor,
    check({ uid, token, origin }) {
      if (origin !== undefined && origin !== publicUrl.origin) throw forged();
      const expected = Buffer.from(tokenFor(uid));
      const given = Buffer.from(typeof token === "string" ? token : "");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw forged();
    },
  };
}

function forged(): Fault {
  return new Fault("forbidden", "This form was not sent from its own page. Go back to your app and connect again.");
}
