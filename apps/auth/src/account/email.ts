import { Fault } from "@gatehouse/faults";
import { endOtherBrowsers } from "@gatehouse/store/browsers";
import { deleteMailedLinksOfUser, findMailedLink, takeMailedLink } from "@gatehouse/store/mailed-links";
import { insertMail } from "@gatehouse/store/mails";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { findUserByEmail, updateEmail } from "@gatehouse/store/users";
import { addressOf } from "../address.ts";
import { checkPassword } from "../password-sign-in.ts";
import { EMAIL } from "../sign-in.ts";
import {
  type AccountContext,
  type AccountDeps,
  type AccountForm,
  linkIsDead,
  refuseFields,
  tokenHashOf,
} from "./form.ts";
import { confirmEmail, emailChanged, emailTaken } from "./mails.ts";
import { changeEmailPage, confirmEmailPage } from "./pages.ts";
import { sendLink } from "./send-link.ts";
import { EMAIL_PROBLEM } from "./sign-up.ts";
import { requireSignedIn } from "./signed-in.ts";

const purpose = "change_email" as const;

/** `/account/email`: who is signed in and knows the password names another mailbox. */
export function changeEmail(deps: AccountDeps): AccountForm {
  const { db, throttle, publicUrl } = deps;
  return {
    async show(c, view) {
      const { user } = await requireSignedIn(deps, c);
      return changeEmailPage({ ...view, email: user.email });
    },
    async submit(c, { email = "", password = "" }) {
      const { user } = await requireSignedIn(deps, c);
      const unchanged = email.toLowerCase() === user.email ? "This is your email address already" : null;
      refuseFields({ email: EMAIL.test(email) ? unchanged : EMAIL_PROBLEM });
      const address = addressOf(c);
      await checkPassword({ db, throttle, onRefused: () => {} }, { email: user.email, password, address });
      await throttle.takeMail({ email, address });
      const other = await findUserByEmail(db, email);
      const letter = other ? () => emailTaken(publicUrl) : confirmEmail;
      await sendLink(deps, { purpose, email, userId: other ? null : user.id, letter });
      return "/account/sent";
    },
  };
}

/** `/account/email/confirm`, from the mail to the new mailbox, for whoever asked for it and nobody else. The old one is told. */
export function confirmEmailForm(deps: AccountDeps): AccountForm {
  const { db, vault } = deps;

  async function findChange(c: AccountContext) {
    const link = await findMailedLink(db, { purpose, tokenHash: tokenHashOf(c) });
    if (!link?.userId) throw linkIsDead("Ask for the change once more on your account's page.");
    const { user, sessionHash } = await requireSignedIn(deps, c);
    if (user.id !== link.userId)
      throw new Fault("forbidden", "Another account asked for this change. Sign in as that.");
    return { user, sessionHash, from: user.email, to: link.email };
  }

  return {
    async show(c, view) {
      const { from, to } = await findChange(c);
      return confirmEmailPage({ ...view, from, to });
    },
    async submit(c) {
      const { user, sessionHash: kept, from, to } = await findChange(c);
      await db.transaction().execute(async (transaction) => {
        const link = await takeMailedLink(transaction, { purpose, tokenHash: tokenHashOf(c) });
        if (!link) throw linkIsDead("Ask for the change once more on your account's page.");
        await updateEmail(transaction, user.id, to);
        await deleteMailedLinksOfUser(transaction, user.id);
        await endOtherBrowsers(transaction, { userId: user.id, kept });
        await insertMail(transaction, vault, { to: from, ...emailChanged(to) });
        const entry = { before: from, after: to };
        await insertAuditInOrgsOf(transaction, user.id, { event: "email.changed", outcome: "ok", entry });
      });
      return "/account";
    },
  };
}
