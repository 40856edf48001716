import type { InvitationByToken } from "@gatehouse/store/invitations";
import type { User } from "@gatehouse/store/users";
import { html } from "hono/html";
import { field, formProblem, hidden } from "../field.ts";
import { type Html, layout } from "../pages.ts";
import type { View } from "./form.ts";

const EMAIL = { name: "email", label: "Email", type: "email" } as const;
const NEW_PASSWORD = {
  name: "password",
  label: "Password",
  type: "password",
  autocomplete: "new-password",
  hint: "At least 12 characters: a few words do well",
} as const;

const CURRENT_PASSWORD = {
  name: "password",
  label: "Your password",
  type: "password",
  autocomplete: "current-password",
} as const;

/** A form that is sent to the page it stands on. */
function form({ csrfToken, problems }: View, body: Html): Html {
  return html`${formProblem(problems)}
    <form method="post">${hidden("csrf", csrfToken)} ${body}</form>`;
}

export function signUpPage(view: View): Html {
  const { values, problems } = view;
  return layout(
    "Create an account",
    html`<h1>Create an account</h1>
      <p class="quiet">We send you a link to go on with.</p>
      ${form(
        view,
        html`${field({ ...EMAIL, autocomplete: "email", value: values.email, problem: problems.email, autofocus: true })}
          <button type="submit">Continue</button>`,
      )}
      <p class="quiet">You have an account? <a href="/account/continue">Sign in</a></p>`,
  );
}

export function sentPage(): Html {
  return layout(
    "Look into your mail",
    html`<h1>Look into your mail</h1>
      <p>We have sent you a message. Open the link in it in this browser, and you come back to where you were.</p>
      <p class="quiet">Nothing there after some minutes? Look among the spam, or <a href="/account/continue">go back</a>.</p>`,
  );
}

export interface NewAccountView extends View {
  email: string;
  title: string;
  action: string;
  invitation?: InvitationByToken;
}

export function newAccountPage(view: NewAccountView): Html {
  const { values, problems, email, title, action, invitation } = view;
  return layout(
    title,
    html`<h1>${title}</h1>
      ${invitation ? invitedBy(invitation) : ""}
      <p class="quiet">Your account is for ${email}.</p>
      ${form(
        view,
        html`${username(email)}
          ${field({
            ...{ name: "name", label: "Your name", autocomplete: "name" },
            ...{ value: values.name, problem: problems.name, autofocus: !problems.password },
          })}
          ${field({ ...NEW_PASSWORD, problem: problems.password })}
          <button type="submit">${action}</button>`,
      )}`,
  );
}

/** So that a password manager knows whose password it is. */
function username(email: string): Html {
  return html`<input type="email" value="${email}" autocomplete="username" hidden readonly />`;
}

function invitedBy({ invitedBy, org, role }: InvitationByToken): Html {
  return html`<p>${invitedBy} invites you to join <strong>${org.name}</strong> as ${role}.</p>`;
}

export function joinPage(view: View & { invitation: InvitationByToken }): Html {
  const { invitation } = view;
  return layout(
    `Join ${invitation.org.name}`,
    html`<h1>Join ${invitation.org.name}</h1>
      ${invitedBy(invitation)}
      <p class="quiet">You are signed in as ${invitation.email}.</p>
      ${form(view, html`<button type="submit" autofocus>Join</button>`)}`,
  );
}

export function otherAccountPage(view: View & { invitation: InvitationByToken; email: string }): Html {
  const { invitation, email } = view;
  return layout(
    `Join ${invitation.org.name}`,
    html`<h1>This invitation is for another account</h1>
      <p>It is for ${invitation.email}, and you are signed in as ${email}.</p>
      ${form(view, html`<button type="submit" name="decision" value="leave" autofocus>Use another account</button>`)}`,
  );
}

export function signInToJoinPage({
  invitation,
  signInUrl,
}: {
  invitation: InvitationByToken;
  signInUrl: string;
}): Html {
  return layout(
    `Join ${invitation.org.name}`,
    html`<h1>Join ${invitation.org.name}</h1>
      ${invitedBy(invitation)}
      <p class="quiet">Sign in as ${invitation.email} to accept.</p>
      <p><a class="button" href="${signInUrl}" autofocus>Sign in</a></p>
      <p class="quiet"><a href="/account/reset">Forgot your password?</a></p>`,
  );
}

export function resetPage(view: View): Html {
  const { values, problems } = view;
  return layout(
    "Choose a new password",
    html`<h1>Choose a new password</h1>
      <p class="quiet">We send you a link to do so.</p>
      ${form(
        view,
        html`${field({ ...EMAIL, autocomplete: "username", value: values.email, problem: problems.email, autofocus: true })}
          <button type="submit">Send the link</button>`,
      )}
      <p class="quiet"><a href="/account/continue">Back to sign-in</a></p>`,
  );
}

export function newPasswordPage(view: View & { email: string }): Html {
  const { problems, email } = view;
  return layout(
    "Choose a new password",
    html`<h1>Choose a new password</h1>
      <p class="quiet">for ${email}. All your browsers are signed out but this one.</p>
      ${form(
        view,
        html`${username(email)} ${field({ ...NEW_PASSWORD, label: "New password", problem: problems.password, autofocus: true })}
          <button type="submit">Change password</button>`,
      )}`,
  );
}

export function changePasswordPage(view: View & { email: string }): Html {
  const { problems, email } = view;
  return layout(
    "Choose a new password",
    html`<h1>Choose a new password</h1>
      <p class="quiet">All your browsers are signed out but this one.</p>
      ${form(
        view,
        html`${username(email)}
          ${field({ ...CURRENT_PASSWORD, problem: problems.password, autofocus: !problems.new_password })}
          ${field({ ...NEW_PASSWORD, name: "new_password", label: "New password", problem: problems.new_password })}
          <button type="submit">Change password</button>`,
      )}
      <p class="quiet"><a href="/account/reset">Forgot your password?</a> · <a href="/account">Back</a></p>`,
  );
}

export function changeEmailPage(view: View & { email: string }): Html {
  const { values, problems, email } = view;
  return layout(
    "Change your email address",
    html`<h1>Change your email address</h1>
      <p class="quiet">It is ${email}. We send a link to the new one.</p>
      ${form(
        view,
        html`${field({
          ...{ ...EMAIL, label: "New email", autocomplete: "email" },
          ...{ value: values.email, problem: problems.email, autofocus: !problems.password },
        })}
          ${field({ ...CURRENT_PASSWORD, problem: problems.password })}
          <button type="submit">Continue</button>`,
      )}
      <p class="quiet"><a href="/account">Back</a></p>`,
  );
}

export function confirmEmailPage(view: View & { from: string; to: string }): Html {
  return layout(
    "Change your email address",
    html`<h1>Change your email address</h1>
      <p>From now on you sign in with <strong>${view.to}</strong>, and no longer with ${view.from}.</p>
      <p class="quiet">All your browsers are signed out but this one.</p>
      ${form(view, html`<button type="submit" autofocus>Change it</button>`)}`,
  );
}

export function newOrgPage(view: View & { origin: string }): Html {
  const { values, problems, origin } = view;
  return layout(
    "Create an organisation",
    html`<h1>Create an organisation</h1>
      <p class="quiet">Connectors belong to it, and whoever you invite.</p>
      ${form(
        view,
        html`${field({
          ...{ name: "name", label: "Name", autocomplete: "organization" },
          ...{ value: values.name, problem: problems.name, autofocus: !problems.slug },
        })}
          ${field({
            ...{ name: "slug", label: "Address", autocomplete: "off", value: values.slug, problem: problems.slug },
            hint: `Lower-case letters, digits and hyphens: it is the first part of ${origin}/…/connector/mcp`,
          })}
          <button type="submit">Create</button>`,
      )}
      <p class="quiet"><a href="/account/continue">Not now</a></p>`,
  );
}

export interface BrowserView {
  id: string;
  device: string;
  isThis: boolean;
  signedInAt: Date;
  lastSeenAt: Date;
}

export function accountPage(view: View & { user: User; browsers: BrowserView[] }): Html {
  const { user, browsers } = view;
  return layout(
    "Your account",
    html`<h1>${user.name}</h1>
      <p>${user.email} · <a href="/account/email">Change</a></p>
      <p><a href="/account/password">Choose a new password</a></p>
      <h2>Where you are signed in</h2>
      ${form(
        view,
        html`<ul class="rows">
            ${browsers.map(browserRow)}
          </ul>
          <div class="choice">
            ${browsers.length > 1 ? html`<button type="submit" name="end" value="others" class="second">Sign out others</button>` : ""}
            <button type="submit" name="end" value="all" class="second">Sign out everywhere</button>
          </div>`,
      )}
      <p class="quiet">Apps that you have connected stay connected.</p>
      <p><a href="/dashboard">Back to the dashboard</a></p>`,
  );
}

function browserRow({ id, device, isThis, signedInAt, lastSeenAt }: BrowserView): Html {
  return html`<li>
    <div>
      <strong>${device}</strong>${isThis ? " · this browser" : ""}
      <p class="quiet">Signed in ${moment(signedInAt)}<br />Last seen ${moment(lastSeenAt)}</p>
    </div>
    <button type="submit" name="end" value="${id}" class="second small" aria-label="Sign out ${device}">Sign out</button>
  </li>`;
}

/** Without a script nobody knows the reader's time zone. */
function moment(date: Date): Html {
  const words = date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });
  return html`<time datetime="${date.toISOString()}">${words} UTC</time>`;
}
