import { html } from "hono/html";
import { type Html, layout } from "./pages.ts";

/** What a member says yes or no to. */
export interface ConsentQuestion {
  client: {
    name: string;
    /** The host that publishes the client's metadata; `null` for a client that registered itself. */
    host: string | null;
  };
  redirectUri: string;
  connector: { name: string; server: string };
  org: string;
  /** What the member may leave out. */
  choices: ScopeChoice[];
  /** What the client has got from this member already. */
  held: string[];
  /** What else it asks for. */
  others: string[];
}

export interface ConsentView extends ConsentQuestion {
  csrfToken: string;
  /** The question's digest, which comes back with the answer. */
  shown: string;
  /** Whether everything is ticked to begin with. */
  isTicked: boolean;
  email: string;
  otherAccountUrl: string;
  problem?: string | undefined;
}

export interface ScopeChoice {
  scope: string;
  /** Names of the tools that it opens. */
  tools: string[];
}

export function consentPage(view: ConsentView): Html {
  const { csrfToken, client, connector, org, choices, email, otherAccountUrl, problem } = view;
  return layout(
    "Allow access",
    html`<h1>Allow ${client.name} to ${view.held.length > 0 ? "do more with" : "use"} “${connector.name}”?</h1>
      <p class="quiet">${connector.server}, a connector of ${org}</p>
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ""}
      <dl>
        <dt>App</dt>
        <dd>${client.name}</dd>
        <dt>Published by</dt>
        <dd>${client.host ?? "unknown"}</dd>
        <dt>Sends you to</dt>
        <dd>${destination(view.redirectUri)}</dd>
      </dl>
      ${warning(view)} ${alreadyAllowed(view)}
      <form method="post">
        <input type="hidden" name="csrf" value="${csrfToken}" />
        <input type="hidden" name="shown" value="${view.shown}" />
        <fieldset>
          <legend>${view.held.length > 0 ? "It asks besides to" : "It will be able to"}</legend>
          ${choices.map((choice) => checkbox(choice, view))}
        </fieldset>
        ${alsoAllowed(view)}
        <div class="choice">
          <button type="submit" name="decision" value="deny" class="second">Deny</button>
          <button type="submit" name="decision" value="approve">Allow</button>
        </div>
      </form>
      <p class="quiet">Signed in as ${email}. <a href="${otherAccountUrl}">Use another account</a></p>`,
  );
}

function checkbox({ scope, tools }: ScopeChoice, { connector, isTicked }: ConsentView): Html {
  return html`<label class="scope">
    <input type="checkbox" name="scope" value="${scope}" ${isTicked ? "checked" : ""} />
    <span>${MEANINGS[scope]?.(connector.name)} <small>${reach(scope, tools)}</small></span>
  </label>`;
}

const TOOLS_NAMED_MAX = 10;

function reach(scope: string, tools: string[]): string {
  if (tools.length === 0)
    return `It has no tools now that ${scope === "mcp:write" ? "change anything" : "only look things up"}.`;
  const count = tools.length === 1 ? "1 tool" : `${tools.length} tools`;
  const more = tools.length > TOOLS_NAMED_MAX ? ` and ${tools.length - TOOLS_NAMED_MAX} more` : "";
  return `${count}: ${tools.slice(0, TOOLS_NAMED_MAX).join(", ")}${more}`;
}

const MEANINGS: Record<string, (connector: string) => string> = {
  "mcp:read": (connector) => `See what “${connector}” offers, and look things up in it as you`,
  "mcp:write": (connector) => `Change things in “${connector}” as you`,
  email: () => "See your email address",
  profile: () => "See your name",
};

const inWords = (scopes: string[], connector: string) => scopes.flatMap((scope) => MEANINGS[scope]?.(connector) ?? []);

function alreadyAllowed({ held, connector }: ConsentView): Html | string {
  if (held.length === 0) return "";
  return html`<h2>You have allowed it to</h2>
    <ul>
      ${inWords(held, connector.name).map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;
}

function alsoAllowed({ others, connector }: ConsentView): Html {
  const sentences = [...inWords(others, connector.name), "Stay connected until you or an administrator ends it"];
  return html`<h2>It will also</h2>
    <ul>
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;
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
