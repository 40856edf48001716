import type { KoaContextWithOIDC } from "oidc-provider";

/** What MCP clients that run in a browser call; never the pages that a person sees. */
const OPEN_PATHS = new Set([
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/oauth/jwks",
  "/oauth/register",
  "/oauth/revoke",
  "/oauth/token",
  "/oauth/userinfo",
]);
const MAX_AGE_SECONDS = "3600";

/** Any origin, without credentials: no cookie counts at these addresses. */
export async function allowAnyOrigin(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  const isRegistration = ctx.path.startsWith("/oauth/register/");
  if (!OPEN_PATHS.has(ctx.path) && !isRegistration) return next();
  ctx.set("access-control-allow-origin", "*");
  ctx.set("access-control-expose-headers", "WWW-Authenticate, Retry-After");
  if (ctx.method !== "OPTIONS") return next();
  ctx.set("access-control-allow-methods", isRegistration ? "GET, PUT, DELETE" : "GET, POST");
  ctx.set("access-control-allow-headers", "authorization, content-type, mcp-protocol-version");
  ctx.set("access-control-max-age", MAX_AGE_SECONDS);
  ctx.status = 204;
}
