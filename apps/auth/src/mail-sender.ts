import type { Database } from "@gatehouse/store/database";
import { type DueMail, deleteMail, findMailLag, type Mail, postponeMail, takeDueMails } from "@gatehouse/store/mails";
import { keepDoing } from "@gatehouse/telemetry/jobs";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import { createTransport } from "nodemailer";

export interface MailOptions {
  /** `smtp://` or `smtps://`, with the user's name and password in it where the server asks for them. */
  smtpUrl?: string | undefined;
  /** The sender's address; where none is given, `gatehouse@` and the host of the public URL. */
  mailFrom?: string | undefined;
  /** Takes the place of SMTP where there is none: shows a mail to the developer, who is the only one to sign in. */
  showMail?: ((mail: Mail) => void) | undefined;
}

export interface MailSenderDeps extends MailOptions {
  publicUrl: URL;
  /** As `gatehouse_auth`. */
  db: Database;
  vault: Vault;
  log: Logger;
}

type Send = (mail: Mail) => Promise<unknown>;

const LOOK_INTERVAL_MS = 500;
const COUNT_MAX = 10;
const SMTP_TIMEOUT_MS = 20_000;
/** Long enough for a group of mails to go out: whoever dies over one leaves it to the others. */
const LEASE_SECONDS = 300;
const GIVE_UP_MS = 24 * 60 * 60_000;

/** Delivers what waits in `mails`, until it is disposed. A mail that cannot be delivered is tried again for a day. */
export function startMailSender(deps: MailSenderDeps): AsyncDisposable {
  const { db, vault, log } = deps;
  const send = senderOf(deps);
  if (!send) {
    log.warn("No mail is sent: SMTP_URL is missing. Nobody can be invited, and no password can be reset.");
    return { async [Symbol.asyncDispose]() {} };
  }

  async function sendDue(deliver: Send): Promise<void> {
    const due = await takeDueMails(db, vault, { countMax: COUNT_MAX, leaseSeconds: LEASE_SECONDS });
    for (const waiting of due) {
      await deliver(waiting.mail).then(
        () => deleteMail(db, waiting.id),
        (error) => putOff(deps, waiting, error),
      );
    }
  }

  return keepDoing(
    {
      ...{ name: "mails", everyMs: LOOK_INTERVAL_MS, failure: "mail not looked for" },
      work: () => sendDue(send),
      findLagSeconds: () => findMailLag(db),
    },
    log,
  );
}

/** `null` where there is no way to send anything. */
function senderOf({ smtpUrl, mailFrom, showMail, publicUrl }: MailSenderDeps): Send | null {
  if (!smtpUrl) return showMail ? async (mail) => showMail(mail) : null;
  const transport = createTransport({
    url: smtpUrl,
    requireTLS: mayNotBeOverheard(new URL(smtpUrl)),
    connectionTimeout: SMTP_TIMEOUT_MS,
    greetingTimeout: SMTP_TIMEOUT_MS,
    socketTimeout: SMTP_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const from = mailFrom ?? `Gatehouse <gatehouse@${publicUrl.hostname}>`;
  return ({ to, subject, text }) => transport.sendMail({ from, to: { name: "", address: to }, subject, text });
}

/** A password is not given to a server that does not prove who it is (RFC 3207 §6). */
function mayNotBeOverheard({ username, hostname }: URL): boolean {
  return username !== "" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}

/** What a server refuses for good (RFC 5321 §4.2.1) is not sent again. Nothing is logged of whom it was for. */
async function putOff({ db, log }: MailSenderDeps, { id, attempts, createdAt }: DueMail, error: unknown) {
  const { code, responseCode = 0 } = error as { code?: string; responseCode?: number };
  const hopeless = responseCode >= 500 || Date.now() - createdAt.getTime() > GIVE_UP_MS;
  log.error({ mail: id, code, responseCode, attempts }, hopeless ? "mail given up" : "mail not delivered yet");
  if (hopeless) await deleteMail(db, id);
  else await postponeMail(db, id, Math.min(10 * 2 ** attempts, 3600));
}
