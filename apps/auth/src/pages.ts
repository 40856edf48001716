import { readFileSync } from "node:fs";
import { join } from "node:path";
import { html } from "hono/html";

type Html = ReturnType<typeof html>;

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

function layout(title: string, body: Html): Html {
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

export interface SignInView {
  csrfToken: string;
  /** Who wants the person signed in; `null` where it is the dashboard. */
  clientName: string | null;
  email: string;
  /** What was wrong with the last attempt. */
  problem?: string | undefined;
}

export function signInPage({ csrfToken, clientName, email, problem }: SignInView): Html {
  const purpose = clientName
    ? html`<p class="quiet"><strong>${clientName}</strong> asks to connect. You decide after signing in.</p>`
    : html`<p class="quiet">to open the dashboard</p>`;
  return layout(
    "Sign in",
    html`<h1>Sign in</h1>
      ${purpose} ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ""}
      <form method="post">
        <input type="hidden" name="csrf" value="${csrfToken}" />
        <label for="email">Email</label>
        <input
          id="email"
          name="email"
          type="email"
          value="${email}"
          autocomplete="username"
          required
          ${email ? "" : "autofocus"}
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${email ? "autofocus" : ""}
        />
        <button type="submit">Sign in</button>
      </form>`,
  );
}

export interface ConsentView {
  csrfToken: string;
  client: {
    name: string;
    /** The host that publishes the client's metadata; `null` for a client that registered itself. */
    host: string | null;
  };
  redirectUri: string;
  connector: string;
  org: string;
  scopes: string[];
  email: string;
  otherAccountUrl: string;
}

export function consentPage(view: ConsentView): Html {
  const { csrfToken, client, connector, org, scopes, email, otherAccountUrl } = view;
  return layout(
    "Allow access",
    html`<h1>Allow ${client.name} to use “${connector}”?</h1>
      <p class="quiet">at ${org}</p>
      <dl>
        <dt>App</dt>
        <dd>${client.name}</dd>
        <dt>Published by</dt>
        <dd>${client.host ?? "unknown"}</dd>
        <dt>Sends you to</dt>
        <dd>${destination(view.redirectUri)}</dd>
      </dl>
      ${warning(view)}
      <h2>It will be able to</h2>
      <ul>
        ${inWords(scopes, connector).map((sentence) => html`<li>${sentence}</li>`)}
      </ul>
      <form method="post">
        <input type="hidden" name="csrf" value="${csrfToken}" />
        <div class="choice">
          <button type="submit" name="decision" value="deny" class="second">Deny</button>
          <button type="submit" name="decision" value="approve">Allow</button>
        </div>
      </form>
      <p class="quiet">Signed in as ${email}. <a href="${otherAccountUrl}">Use another account</a></p>`,
  );
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

function destination(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  if (LOOPBACK.test(host)) return `this computer (${host})`;
  return protocol === "https:" ? host : `the app that opens ${protocol} links`;
}

/** What the name of a client proves, and what it does not. */
function warning({ client, redirectUri }: ConsentView): Html | string {
  const { host } = new URL(redirectUri);
  if (client.host === null) {
    return html`<p class="warning">
      This app is unverified: it registered itself, and could have chosen any name. Allow it only if you have just started
      connecting it yourself.
    </p>`;
  }
  if (LOOPBACK.test(client.host) || (client.host !== host && !client.host.endsWith(`.${host}`))) {
    return html`<p class="warning">
      Anyone can publish an app under this name, and what you allow goes to ${destination(redirectUri)}. Allow it only if
      you have just started connecting it yourself.
    </p>`;
  }
  return "";
}

function inWords(scopes: string[], connector: string): string[] {
  const meanings: Record<string, string> = {
    "mcp:read": `See what “${connector}” offers, and look things up in it as you`,
    "mcp:write": `Change things in “${connector}” as you`,
    email: "See your email address",
    profile: "See your name",
  };
  const sentences = scopes.flatMap((scope) => meanings[scope] ?? []);
  return [...sentences, "Stay connected until you or an administrator ends it"];
}

export function errorPage({ title, detail }: { title: string; detail: string }): Html {
  return layout(
    title,
    html`<h1>${title}</h1>
      <p role="alert">${detail}</p>`,
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
