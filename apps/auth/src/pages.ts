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

const GATE = html`<svg viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="8" fill="#3b5bdb" />
  <path d="M8 25V14a8 8 0 0 1 16 0v11M13 25v-9a3 3 0 0 1 6 0v9M6 25h20" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" />
</svg>`;

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
          <p class="brand">${GATE} Gatehouse</p>
          ${body}
        </main>
      </body>
    </html>`;
}

interface ErrorView {
  title: string;
  detail: string;
  /** What whoever helps the person finds it by. */
  incident: string;
  /** Where to go on, for who did not come from an app. */
  next?: { href: string; label: string };
}

export function errorPage({ title, detail, incident, next }: ErrorView): Html {
  return layout(
    title,
    html`<h1>${title}</h1>
      <p role="alert">${detail}</p>
      ${next ? html`<p><a href="${next.href}">${next.label}</a></p>` : ""}
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
  return layout(
    "Signed out",
    html`<h1>You are signed out</h1>
      <p><a href="/dashboard">Sign in again</a></p>`,
  );
}
