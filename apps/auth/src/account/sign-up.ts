import { Fault } from "@gatehouse/faults";
import { findMailedLink, takeMailedLink } from "@gatehouse/store/mailed-links";
import { findUserByEmail, insertUser } from "@gatehouse/store/users";
import { addressOf } from "../address.ts";
import { hashPassword } from "../password.ts";
import { passwordProblem } from "../password-rules.ts";
import { EMAIL } from "../sign-in.ts";
import { type AccountDeps, type AccountForm, linkIsDead, nameProblem, refuseFields, tokenHashOf } from "./form.ts";
import { confirmSignUp, signedUpAlready } from "./mails.ts";
import { newAccountPage, signUpPage } from "./pages.ts";
import { sendLink } from "./send-link.ts";

export const EMAIL_PROBLEM = "Enter your whole email address, such as ada@example.com";
const SIGN_UP_AGAIN = "Begin once more with “Create an account” on the sign-in page.";

/** `/account/sign-up`: asks for nothing but the mailbox, and says the same whether or not it has an account. */
export function signUp(deps: AccountDeps): AccountForm {
  return {
    async show(_c, view) {
      refuseUnlessOpen(deps);
      return signUpPage(view);
    },
    async submit(c, values) {
      refuseUnlessOpen(deps);
      const email = values.email ?? "";
      refuseFields({ email: EMAIL.test(email) ? null : EMAIL_PROBLEM });
      await deps.throttle.takeMail({ email, address: addressOf(c) });
      const user = await findUserByEmail(deps.db, email);
      if (user)
        await sendLink(deps, {
          purpose: "reset_password",
          email: user.email,
          userId: user.id,
          letter: signedUpAlready,
        });
      else await sendLink(deps, { purpose: "sign_up", email, userId: null, letter: confirmSignUp });
      return "/account/sent";
    },
  };
}

/** `/account/sign-up/confirm`, from the mail. */
export function confirmSignUpForm(deps: AccountDeps): AccountForm {
  const { db, browserSessions } = deps;
  const purpose = "sign_up" as const;
  return {
    async show(c, view) {
      refuseUnlessOpen(deps);
      const link = await findMailedLink(db, { purpose, tokenHash: tokenHashOf(c) });
      if (!link) throw linkIsDead(SIGN_UP_AGAIN);
      return newAccountPage({ ...view, email: link.email, title: "Create your account", action: "Create account" });
    },
    async submit(c, values) {
      refuseUnlessOpen(deps);
      const tokenHash = tokenHashOf(c);
      const link = await findMailedLink(db, { purpose, tokenHash });
      if (!link) throw linkIsDead(SIGN_UP_AGAIN);
      const account = await newAccount(values, link.email);
      const user = await db.transaction().execute(async (transaction) => {
        if (!(await takeMailedLink(transaction, { purpose, tokenHash }))) throw linkIsDead(SIGN_UP_AGAIN);
        return insertUser(transaction, account);
      });
      await browserSessions.start(c, user.id);
      return "/account/new-org";
    },
  };
}

/** What a row in `users` needs, from a form with `name` and `password`. */
export async function newAccount(values: Record<string, string>, email: string) {
  const { name = "", password = "" } = values;
  refuseFields({
    name: nameProblem(name, "Enter your name, as your colleagues know it"),
    password: passwordProblem(password, { email, name }),
  });
  return { email, name, passwordHash: await hashPassword(password) };
}

function refuseUnlessOpen({ signup }: AccountDeps): void {
  if (signup === "open") return;
  throw new Fault(
    "forbidden",
    "Accounts are made by invitation here. Ask an owner of your organisation to invite you.",
  );
}
