import { createHash } from "node:crypto";
import type { Logger } from "@gatehouse/telemetry/log";
import type { ErrorHandler } from "hono";
import { html, raw } from "hono/html";
import { faultOf } from "../api/faults.ts";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 26rem; padding: 2rem 1.5rem; }
h1 { font-size: 1.35rem; margin: 0 0 .5rem; }
p { margin: 0 0 1.5rem; opacity: .8; }
a { display: inline-block; padding: .5rem 1rem; border-radius: .5rem; background: CanvasText; color: Canvas; text-decoration: none; }
a:focus-visible { outline: 2px solid Highlight; outline-offset: 2px; }
`;
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** A page instead of a problem document: a person is looking at it. */
export function signInFailed(log: Logger): ErrorHandler {
  return function signInFailed(thrown, c) {
    const fault = faultOf(thrown);
    log[fault.status >= 500 ? "error" : "warn"]({ reason: reasonOf(fault.cause ?? fault) }, "sign-in failed");
    c.header("content-security-policy", POLICY);
    c.header("referrer-policy", "no-referrer");
    c.header("x-content-type-options", "nosniff");
    c.header("cache-control", "no-store");
    for (const [name, value] of Object.entries(fault.headers)) c.header(name, value);
    return c.html(page(fault.message), fault.status as 400);
  };
}

/** The stack begins with the message. Nothing else is logged: what an OAuth library attaches may hold tokens. */
function reasonOf(error: unknown): string {
  return (error instanceof Error && error.stack) || String(error);
}

function page(reason: string) {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>Sign-in did not work · Gatehouse</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>
          <h1>Sign-in did not work</h1>
          <p>${reason.replace(/\.?$/, ".")}</p>
          <a href="/dashboard/login">Sign in again</a>
        </main>
      </body>
    </html>`;
}
