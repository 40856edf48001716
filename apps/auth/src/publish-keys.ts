import type { KoaContextWithOIDC } from "oidc-provider";
import type { KeyRing } from "./keys.ts";

/** oidc-provider publishes what it signs with; keys whose private halves are forgotten are published as long as their tokens live. */
export function publishKeys(keys: KeyRing) {
  return async function publishKeys(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    if (ctx.oidc?.route === "jwks" && ctx.status === 200) ctx.body = { keys: keys.published };
  };
}
