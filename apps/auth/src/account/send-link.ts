import { insertMailedLink } from "@gatehouse/store/mailed-links";
import { newMailedToken } from "@gatehouse/store/mailed-token";
import { insertMail, type Mail } from "@gatehouse/store/mails";
import type { LinkPurpose } from "@gatehouse/store/tables";
import type { AccountDeps } from "./form.ts";

const LINK_SECONDS = 60 * 60;

const LINK_PATHS: Record<LinkPurpose, string> = {
  sign_up: "/account/sign-up/confirm",
  reset_password: "/account/reset/confirm",
  change_email: "/account/email/confirm",
};

export interface LinkRequest {
  purpose: LinkPurpose;
  email: string;
  userId: string | null;
  letter: (url: string) => Omit<Mail, "to">;
}

/** Mails a link that works once, for an hour. Its address comes from the public URL, whatever a request says of itself. */
export async function sendLink({ db, vault, publicUrl }: AccountDeps, request: LinkRequest): Promise<void> {
  const { purpose, email, userId, letter } = request;
  const { token, tokenHash } = newMailedToken();
  const url = new URL(LINK_PATHS[purpose], publicUrl);
  url.searchParams.set("token", token);
  await db.transaction().execute(async (transaction) => {
    const expiresAt = new Date(Date.now() + LINK_SECONDS * 1000);
    await insertMailedLink(transaction, { purpose, tokenHash, email, userId, expiresAt });
    await insertMail(transaction, vault, { to: email, ...letter(url.href) });
  });
}
