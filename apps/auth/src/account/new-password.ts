import { endOtherBrowsers } from "@gatehouse/store/browsers";
import { deleteMailedLinksOfUser } from "@gatehouse/store/mailed-links";
import { insertMail } from "@gatehouse/store/mails";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { updatePasswordHash } from "@gatehouse/store/users";
import { addressOf } from "../address.ts";
import { hashPassword } from "../password.ts";
import { passwordProblem } from "../password-rules.ts";
import { checkPassword } from "../password-sign-in.ts";
import { type AccountDeps, type AccountForm, refuseFields } from "./form.ts";
import { passwordChanged } from "./mails.ts";
import { changePasswordPage } from "./pages.ts";
import { requireSignedIn } from "./signed-in.ts";

/** `/account/password`: who is signed in and knows the password chooses another; all other browsers are signed out. */
export function changePassword(deps: AccountDeps): AccountForm {
  const { db, vault, throttle, publicUrl } = deps;
  return {
    async show(c, view) {
      const { user } = await requireSignedIn(deps, c);
      return changePasswordPage({ ...view, email: user.email });
    },
    async submit(c, { password = "", new_password: chosen = "" }) {
      const { user, sessionHash } = await requireSignedIn(deps, c);
      refuseFields({ new_password: passwordProblem(chosen, user) });
      const address = addressOf(c);
      await checkPassword({ db, throttle, onRefused: () => {} }, { email: user.email, password, address });
      const passwordHash = await hashPassword(chosen);
      await db.transaction().execute(async (transaction) => {
        await updatePasswordHash(transaction, user.id, passwordHash);
        await deleteMailedLinksOfUser(transaction, user.id);
        await endOtherBrowsers(transaction, { userId: user.id, kept: sessionHash });
        const letter = passwordChanged(new URL("/account/reset", publicUrl).href);
        await insertMail(transaction, vault, { to: user.email, ...letter });
        await insertAuditInOrgsOf(transaction, user.id, { event: "password.changed", outcome: "ok", entry: {} });
      });
      return "/account";
    },
  };
}
