import { html } from "hono/html";
import { layout } from "./pages.ts";

type Html = ReturnType<typeof html>;

export interface ClientNotAllowedView {
  csrfToken: string;
  client: { name: string; host: string | null };
  org: string;
  state: "not_allowed" | "asked" | "blocked";
}

export function clientNotAllowedPage({ csrfToken, client, org, state }: ClientNotAllowedView): Html {
  return layout(
    "App not allowed",
    html`<h1>${client.name} is ${state === "blocked" ? "blocked" : "not allowed"} at ${org}</h1>
      <dl>
        <dt>App</dt>
        <dd>${client.name}</dd>
        <dt>Published by</dt>
        <dd>${client.host ?? "unknown: it registered itself"}</dd>
      </dl>
      ${EXPLAINED[state](org)}
      <form method="post">
        <input type="hidden" name="csrf" value="${csrfToken}" />
        <div class="choice">
          <button type="submit" name="answer" value="back" class="second">Back to the app</button>
          ${CHOICE[state]}
        </div>
      </form>`,
  );
}

const EXPLAINED = {
  not_allowed: (org: string) =>
    html`<p>
      ${org} decides which apps its members may connect, and this one is not among them so far. Nothing was sent to the
      app. If you need it, ask the owners and admins: they get a mail, and decide in their dashboard.
    </p>`,
  asked: (org: string) =>
    html`<p role="status">
      The owners and admins of ${org} have been asked, and you get a mail once they have decided. Then press
      <strong>Try again</strong>, or connect from the app once more.
    </p>`,
  blocked: (org: string) =>
    html`<p>
      An owner or admin of ${org} has blocked this app. Nothing was sent to it. If you think that is a mistake, speak to
      them.
    </p>`,
};

const CHOICE = {
  not_allowed: html`<button type="submit" name="answer" value="ask">Ask an admin</button>`,
  asked: html`<button type="submit" name="answer" value="again">Try again</button>`,
  blocked: "",
};
