import { readFileSync } from "node:fs";
import { join } from "node:path";
import { html } from "hono/html";

export type Html = ReturnType<typeof html>;

export const STYLESHEET_PATH = "/oauth/assets/pages.css";
export const STYLESHEET = readFileSync(join(import.meta.dirname, "pages.css"), "utf8");

/** `redirectUri` is where the answer to a form on the page may lead. */
export function pageHeaders(redirectUri?: string): Record<string, string> {
  const formAction = ["'self'", ...(redirectUri ? [formTarget(redirectUri)] : [])].join(" ");
  return {
    "cache-control": "no-store",
    "content-security-policy": `default-src 'none'; style-src 'self'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    "content-type": "text/html; charset=utf-8",
    // With `no-referrer` the browser would send `Origin: null` along with our own forms.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
  };
}

/**
 * Browsers hold every redirect that follows a form to `form-action`. A client's https callback may lead on to another of
 * its hosts, so the scheme is allowed and not the host; it alone can be said of app links and IPv6 literals, too.
 */
function formTarget(redirectUri: string): string {
  const { protocol, hostname, origin } = new URL(redirectUri);
  return protocol === "http:" && !hostname.startsWith("[") ? origin : protocol;
}

/** Every page of the authorization server. */
export function layout(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Gatehouse</title>
        <link rel="stylesheet" href="${STYLESHEET_PATH}" />
      </head>
      <body>
        <main>
          <p class="brand">Gatehouse</p>
          ${body}
        </main>
      </body>
    </html>`;
}

/** `incident` is what whoever helps the person finds it by. */
export function errorPage({ title, detail, incident }: { title: string; detail: string; incident: string }): Html {
  return layout(
    title,
    html`<h1>${title}</h1>
      <p role="alert">${detail}</p>
      <p class="quiet">If you ask for help, give this number: <code>${incident}</code></p>`,
  );
}

export function signOutPage({ xsrf }: { xsrf: string }): Html {
  return layout(
    "Sign out",
    html`<h1>Sign out of Gatehouse?</h1>
      <p class="quiet">Apps that you have connected stay connected.</p>
      <form method="post" action="/oauth/logout/confirm">
        <input type="hidden" name="xsrf" value="${xsrf}" />
        <div class="choice">
          <button type="submit" class="second">Stay signed in</button>
          <button type="submit" name="logout" value="yes">Sign out</button>
        </div>
      </form>`,
  );
}

export function signedOutPage(): Html {
  return layout("Signed out", html`<h1>You are signed out</h1>`);
}
