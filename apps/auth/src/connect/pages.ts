import { html } from "hono/html";
import { layout, pageHeaders } from "../pages.ts";

type Html = ReturnType<typeof layout>;

/**
 * A form here leads to an upstream's sign-in, and browsers hold every redirect after it to `form-action`: where it goes is
 * known only when it is sent.
 */
export function connectHeaders(): Record<string, string> {
  const headers = pageHeaders();
  const policy = headers["content-security-policy"]!.replace("form-action 'self'", "form-action 'self' https: http:");
  return { ...headers, "content-security-policy": policy };
}

export interface LinkView {
  csrfToken: string;
  connector: string;
  org: string;
  upstreamHost: string;
  /** Whose Gatehouse account gets linked. */
  email: string;
  problem?: string | undefined;
  /** What is typed in; `null` where the upstream asks for itself. */
  typed: { withUser: boolean; instructions: string } | null;
  /** In the middle of a client's sign-in, which goes on without. */
  mayWait: boolean;
}

export function linkPage(view: LinkView): Html {
  const { csrfToken, connector, org, upstreamHost, email, problem, typed, mayWait } = view;
  return layout(
    `Link ${connector}`,
    html`<h1>Link your ${connector} account</h1>
      <p class="quiet">at ${org}</p>
      <p>
        “${connector}” works with an account of your own.
        ${
          typed
            ? "What you enter here is kept sealed, and used for you alone."
            : html`You sign in at <strong>${upstreamHost}</strong>, and Gatehouse gets access that is used for you alone.`
        }
      </p>
      ${problem ? html`<p class="problem" role="alert">${problem}</p>` : ""}
      <form method="post">
        <input type="hidden" name="csrf" value="${csrfToken}" />
        ${typed ? typedFields(typed) : ""}
        <div class="choice">
          ${mayWait ? html`<button type="submit" name="link" value="later" class="second" formnovalidate>Later</button>` : ""}
          <button type="submit" name="link" value="now">${typed ? "Link" : `Go to ${upstreamHost}`}</button>
        </div>
      </form>
      <p class="quiet">It will belong to the Gatehouse account of <strong>${email}</strong>.</p>`,
  );
}

function typedFields({ withUser, instructions }: NonNullable<LinkView["typed"]>): Html {
  return html`${instructions ? html`<p class="instructions">${instructions}</p>` : ""}
    ${
      withUser
        ? html`<label for="user">User</label>
            <input id="user" name="user" autocomplete="off" required />
            <label for="password">Password</label>
            <input id="password" name="password" type="password" autocomplete="off" required />`
        : html`<label for="secret">Key</label>
            <input id="secret" name="secret" type="password" autocomplete="off" required />`
    }`;
}

export interface NotLinkedView {
  connector: string;
  problem: string;
  next: { href: string; label: string };
}

export function notLinkedPage({ connector, problem, next }: NotLinkedView): Html {
  return layout(
    `${connector} is not linked`,
    html`<h1>Your ${connector} account is not linked</h1>
      <p class="problem" role="alert">${problem}</p>
      <p>Nothing was kept. If it happens again, tell an owner of your organisation.</p>
      <p><a class="button" href="${next.href}">${next.label}</a></p>`,
  );
}

export interface LinkedView {
  connector: string;
  email: string;
  notes: string[];
  /** Where it goes on; `null` where there is nothing more to do. */
  next: { href: string; label: string } | null;
}

export function linkedPage({ connector, email, notes, next }: LinkedView): Html {
  return layout(
    `${connector} is linked`,
    html`<h1>Your ${connector} account is linked</h1>
      ${notes.map((note) => html`<p class="warning">${note}</p>`)}
      <p>
        ${next ? html`<a class="button" href="${next.href}">${next.label}</a>` : "You can close this window: what waited for it goes on by itself."}
      </p>
      <p class="quiet">It belongs to the Gatehouse account of <strong>${email}</strong>.</p>`,
  );
}
