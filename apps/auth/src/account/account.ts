import { randomBytes } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Problems } from "../field.ts";
import { answerWithPage, limitForm } from "../interaction.ts";
import { type Html, pageHeaders, signedOutPage } from "../pages.ts";
import { findWayBack } from "../way-back.ts";
import { changeEmail, confirmEmailForm } from "./email.ts";
import type { AccountContext, AccountDeps, AccountForm, View } from "./form.ts";
import { invitationForm } from "./invitation.ts";
import { newOrg } from "./new-org.ts";
import { changePassword } from "./new-password.ts";
import { sentPage } from "./pages.ts";
import { askForReset, resetForm } from "./reset.ts";
import { account } from "./sessions.ts";
import { confirmSignUpForm, signUp } from "./sign-up.ts";
import { signInUrl } from "./signed-in.ts";

/** `/account` and everything under it: what a person does about their own account. */
export function accountPages(deps: AccountDeps) {
  const app = new Hono<{ Bindings: HttpBindings }>().onError(answerWithPage(deps)).use("/account/*", limitForm);
  const forms: Record<string, AccountForm> = {
    "/account": account(deps),
    "/account/sign-up": signUp(deps),
    "/account/sign-up/confirm": confirmSignUpForm(deps),
    "/account/reset": askForReset(deps),
    "/account/reset/confirm": resetForm(deps),
    "/account/password": changePassword(deps),
    "/account/email": changeEmail(deps),
    "/account/email/confirm": confirmEmailForm(deps),
    "/account/invitation": invitationForm(deps),
    "/account/new-org": newOrg(deps),
  };
  for (const [path, form] of Object.entries(forms)) {
    const { show, submit } = serve(deps, form);
    app.get(path, show).post(path, submit);
  }
  return app
    .get("/account/sent", async (c) => c.html(await sentPage(), 200, pageHeaders()))
    .get("/account/signed-out", async (c) => c.html(await signedOutPage(), 200, pageHeaders()))
    .get("/account/continue", async (c) => c.redirect((await findWayBack(deps, c)).path, 303))
    .all("/account/*", () => {
      throw new Fault("not_found", "There is no page at this address.");
    });
}

function serve(deps: AccountDeps, form: AccountForm) {
  const { formTokens } = deps;

  async function answer(c: AccountContext, view: Omit<View, "csrfToken">, status = 200): Promise<Response> {
    const csrfToken = formTokens.tokenFor(formKeyOf(deps, c));
    const page: Html = await form.show(c, { csrfToken, ...view });
    const { redirectUri } = await findWayBack(deps, c);
    return c.html(page, status as 200, pageHeaders(redirectUri));
  }

  return {
    async show(c: AccountContext): Promise<Response> {
      return answer(c, { values: {}, problems: {} }).catch((error) => leadToSignIn(c, error));
    },

    async submit(c: AccountContext): Promise<Response> {
      const { csrf, ...values } = textOf(await c.req.parseBody());
      formTokens.check({ uid: formKeyOf(deps, c), token: csrf, origin: c.req.header("origin") });
      try {
        const next = await form.submit(c, values);
        return typeof next === "string" ? c.redirect(next, 303) : next;
      } catch (error) {
        if (!(error instanceof Fault) || ![409, 422, 429].includes(error.status)) return leadToSignIn(c, error);
        for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
        const problems = (error.data?.fields as Problems) ?? { form: error.message };
        return answer(c, { values, problems }, error.status);
      }
    },
  };
}

function leadToSignIn(c: AccountContext, error: unknown): Response {
  if (!(error instanceof Fault) || error.code !== "not_signed_in") throw error;
  const { pathname, search } = new URL(c.req.url);
  return c.redirect(signInUrl(pathname + search), 303);
}

const PASSWORDS = ["password", "new_password"];

/** Trimmed, but for passwords; an email address in lower case from here on, so that a mail goes to what is stored. */
function textOf(form: Record<string, unknown>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(form)) {
    if (typeof value === "string") values[name] = PASSWORDS.includes(name) ? value : value.trim();
  }
  if (values.email) values.email = values.email.toLowerCase();
  return values;
}

/** What a form of this browser's is known by: a cookie that no other site can read or set. */
function formKeyOf({ publicUrl }: AccountDeps, c: Context): string {
  const secure = publicUrl.protocol === "https:";
  const name = `${secure ? "__Secure-" : ""}gatehouse-forms`;
  const known = getCookie(c, name);
  if (known) return `account ${known}`;
  const fresh = randomBytes(32).toString("base64url");
  setCookie(c, name, fresh, { path: "/account", httpOnly: true, sameSite: "Lax", secure });
  return `account ${fresh}`;
}
