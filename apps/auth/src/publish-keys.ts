import { ASSERTIONS, openAssertionKey } from "@gatehouse/oauth/client/assertion";
import type { Vault } from "@gatehouse/vault/vault";
import type { KoaContextWithOIDC } from "oidc-provider";
import type { KeyRing } from "./keys.ts";

/**
 * oidc-provider publishes what it signs with. Keys whose private halves are forgotten are published as long as their tokens
 * live, and so is the one that upstreams check by who is calling.
 */
export function publishKeys({ keys, vault, publicUrl }: { keys: KeyRing; vault: Vault; publicUrl: URL }) {
  const { publicJwk } = openAssertionKey({ issuer: publicUrl.origin, secret: vault.derive(ASSERTIONS) });
  return async function publishKeys(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    if (ctx.oidc?.route === "jwks" && ctx.status === 200) ctx.body = { keys: [...keys.published, publicJwk] };
  };
}
