import { html } from "hono/html";
import type { Signup } from "./auth.ts";
import { field, formProblem, hidden, type Problems } from "./field.ts";
import { type Html, layout } from "./pages.ts";

interface SignInView {
  csrfToken: string;
  email: string;
  problems: Problems;
}

export function emailPage(view: SignInView & { clientName: string | null; signup: Signup }): Html {
  const { csrfToken, clientName, email, problems, signup } = view;
  const purpose = clientName
    ? html`<p class="quiet"><strong>${clientName}</strong> asks to connect. You decide after signing in.</p>`
    : html`<p class="quiet">to open the dashboard</p>`;
  return layout(
    "Sign in",
    html`<h1>Sign in</h1>
      ${purpose} ${formProblem(problems)}
      <form method="post">
        ${hidden("csrf", csrfToken)}
        ${field({ ...EMAIL_FIELD, value: email, problem: problems.email, autofocus: true })}
        <button type="submit">Continue</button>
      </form>
      ${signup === "open" ? html`<p class="quiet">New here? <a href="/account/sign-up">Create an account</a></p>` : ""}`,
  );
}

const EMAIL_FIELD = { name: "email", label: "Email", type: "email", autocomplete: "username" } as const;

/** Each way to sign in is a form of its own. */
export function waysPage({ csrfToken, email, problems }: SignInView): Html {
  return layout(
    "Sign in",
    html`<h1>Sign in</h1>
      <p class="quiet">as ${email} · <a href="">Not you?</a></p>
      ${formProblem(problems)}
      <form method="post">
        ${hidden("csrf", csrfToken)} ${hidden("way", "password")}
        <input type="email" name="email" value="${email}" autocomplete="username" hidden readonly />
        ${field({
          ...{ name: "password", label: "Password", type: "password", autocomplete: "current-password" },
          ...{ problem: problems.password, autofocus: true },
        })}
        <button type="submit">Sign in</button>
      </form>
      <p class="quiet"><a href="/account/reset">Forgot your password?</a></p>`,
  );
}
