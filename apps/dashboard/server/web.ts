import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@gatehouse/faults";
import { serveStatic } from "@hono/node-server/serve-static";
import { type Context, Hono, type Next } from "hono";

/** Stands in the built index.html wherever the answer's own nonce belongs; see `html.cspNonce` in web/vite.config.ts. */
const NONCE_PLACEHOLDER = "__CSP_NONCE__";
const ONE_YEAR = "public, max-age=31536000, immutable";

/** The built app: assets whose names change with their content, and one page for every other path. */
export function web({ webRoot }: { webRoot: string }) {
  const rewriteRequestPath = (path: string) => path.replace(/^\/dashboard/, "");
  return new Hono()
    .use(async function harden(c, next) {
      await next();
      c.header("x-content-type-options", "nosniff");
      c.header("referrer-policy", "no-referrer");
    })
    .use("/assets/*", keepForEver, serveStatic({ root: webRoot, rewriteRequestPath, precompressed: true }))
    .get("/assets/*", () => {
      throw new Fault("not_found", "There is no such file; reload the page");
    })
    .get("*", async function page(c) {
      const nonce = randomBytes(16).toString("base64");
      const index = await readFile(join(webRoot, "index.html"), "utf8").catch(missing);
      c.header("content-security-policy", policy(nonce));
      c.header("cache-control", "no-store");
      return c.html(index.replaceAll(NONCE_PLACEHOLDER, nonce));
    });
}

async function keepForEver(c: Context, next: Next): Promise<void> {
  await next();
  if (c.res.ok) c.header("cache-control", ONE_YEAR);
}

/** Styles that the component library writes at run time carry the nonce; nothing else comes from the page itself. */
function policy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function missing(cause: unknown): never {
  throw new Fault("unavailable", "The web app is not built: run `npm run build`", { cause });
}
