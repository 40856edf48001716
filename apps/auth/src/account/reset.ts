import { endOtherBrowsers } from "@gatehouse/store/browsers";
import { deleteMailedLinksOfUser, findMailedLink, takeMailedLink } from "@gatehouse/store/mailed-links";
import { insertMail } from "@gatehouse/store/mails";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { findUser, findUserByEmail, updatePasswordHash } from "@gatehouse/store/users";
import { addressOf } from "../address.ts";
import { hashPassword } from "../password.ts";
import { passwordProblem } from "../password-rules.ts";
import { EMAIL } from "../sign-in.ts";
import {
  type AccountContext,
  type AccountDeps,
  type AccountForm,
  linkIsDead,
  refuseFields,
  tokenHashOf,
} from "./form.ts";
import { noAccount, passwordChanged, resetPassword } from "./mails.ts";
import { newPasswordPage, resetPage } from "./pages.ts";
import { sendLink } from "./send-link.ts";
import { EMAIL_PROBLEM } from "./sign-up.ts";

const purpose = "reset_password" as const;
const ASK_AGAIN = "Ask for another with “Forgot your password?” on the sign-in page.";

/** `/account/reset`: a mail goes out in any case, so that neither the answer nor its time tells who has an account. */
export function askForReset(deps: AccountDeps): AccountForm {
  return {
    async show(_c, view) {
      return resetPage(view);
    },
    async submit(c, values) {
      const email = values.email ?? "";
      refuseFields({ email: EMAIL.test(email) ? null : EMAIL_PROBLEM });
      await deps.throttle.takeMail({ email, address: addressOf(c) });
      const user = await findUserByEmail(deps.db, email);
      // Without an account the link in the table has nobody whose password it could change, and stands in no mail.
      const letter = user ? resetPassword : () => noAccount(deps.publicUrl);
      await sendLink(deps, { purpose, email: user?.email ?? email, userId: user?.id ?? null, letter });
      return "/account/sent";
    },
  };
}

/** `/account/reset/confirm`, from the mail: a new password, and all browsers are signed out but this one. */
export function resetForm(deps: AccountDeps): AccountForm {
  const { db, vault, publicUrl, throttle, browserSessions } = deps;

  async function findAccount(c: AccountContext) {
    const link = await findMailedLink(db, { purpose, tokenHash: tokenHashOf(c) });
    const user = link?.userId ? await findUser(db, link.userId) : null;
    if (!user) throw linkIsDead(ASK_AGAIN);
    return user;
  }

  return {
    async show(c, view) {
      const { email } = await findAccount(c);
      return newPasswordPage({ ...view, email });
    },
    async submit(c, { password = "" }) {
      const user = await findAccount(c);
      refuseFields({ password: passwordProblem(password, user) });
      const passwordHash = await hashPassword(password);
      await db.transaction().execute(async (transaction) => {
        if (!(await takeMailedLink(transaction, { purpose, tokenHash: tokenHashOf(c) }))) throw linkIsDead(ASK_AGAIN);
        await updatePasswordHash(transaction, user.id, passwordHash);
        await deleteMailedLinksOfUser(transaction, user.id);
        await endOtherBrowsers(transaction, { userId: user.id, kept: null });
        const letter = passwordChanged(new URL("/account/reset", publicUrl).href);
        await insertMail(transaction, vault, { to: user.email, ...letter });
        await insertAuditInOrgsOf(transaction, user.id, { event: "password.reset", outcome: "ok", entry: {} });
      });
      await throttle.forgetGuessesAt(user.email);
      await browserSessions.start(c, user.id);
      return "/account/continue";
    },
  };
}
