import { Fault } from "@gatehouse/faults";
import { endBrowser, endOtherBrowsers, listBrowsers } from "@gatehouse/store/browsers";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { deviceOf } from "./device.ts";
import type { AccountDeps, AccountForm } from "./form.ts";
import { accountPage } from "./pages.ts";
import { requireSignedIn } from "./signed-in.ts";

/** `/account`: who one is here, and the browsers that one is signed in with. */
export function account(deps: AccountDeps): AccountForm {
  const { db, browserSessions } = deps;
  return {
    async show(c, view) {
      const { user, sessionHash } = await requireSignedIn(deps, c);
      const browsers = (await listBrowsers(db, user.id)).map((browser) => ({
        id: browser.sessionHash.toString("base64url"),
        device: deviceOf(browser.userAgent),
        isThis: browser.sessionHash.equals(sessionHash),
        signedInAt: browser.signedInAt,
        lastSeenAt: browser.lastSeenAt,
      }));
      return accountPage({ ...view, user, browsers });
    },

    async submit(c, { end = "" }) {
      const { user, sessionHash } = await requireSignedIn(deps, c);
      const isThis = end === sessionHash.toString("base64url");
      const ended = await db.transaction().execute(async (transaction) => {
        const count = await endChosen(transaction, { userId: user.id, sessionHash }, end);
        const entry = { browsers: count };
        if (count > 0)
          await insertAuditInOrgsOf(transaction, user.id, { event: "session.ended", outcome: "ok", entry });
        return count;
      });
      if (ended === 0 && end !== "others") throw new Fault("not_found", "This browser is signed out already");
      if (!isThis && end !== "all") return "/account";
      await browserSessions.end(c);
      return "/account/signed-out";
    },
  };
}

/** `others`, `all`, or one by its id. Tells how many there were. */
async function endChosen(
  db: Parameters<typeof endBrowser>[0],
  { userId, sessionHash }: { userId: string; sessionHash: Buffer },
  end: string,
): Promise<number> {
  if (end === "others") return endOtherBrowsers(db, { userId, kept: sessionHash });
  if (end === "all") return endOtherBrowsers(db, { userId, kept: null });
  return Number(await endBrowser(db, { userId, sessionHash: Buffer.from(end, "base64url") }));
}
