import { Fault } from "@gatehouse/faults";
import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertAuditInOrgsOf } from "@gatehouse/store/members";
import { findOrgBySlug, findRole } from "@gatehouse/store/orgs";
import { findUserByEmail } from "@gatehouse/store/users";
import { signIns } from "@gatehouse/telemetry/events";
import { setCookie } from "hono/cookie";
import { addressOf } from "./address.ts";
import { type BrowserSession, sessionHashOf } from "./browser-session.ts";
import type { Problems } from "./field.ts";
import {
  answerPage,
  finish,
  type Interaction,
  type InteractionContext,
  type InteractionDeps,
  type Step,
} from "./interaction.ts";
import { checkPassword } from "./password-sign-in.ts";
import { parseResource } from "./resource.ts";
import { emailPage, waysPage } from "./sign-in-pages.ts";
import { flowCookie } from "./way-back.ts";

/** One way of showing who one is. Answers with the id of the user, or throws what was wrong. */
type Way = (c: InteractionContext, email: string, form: Record<string, unknown>) => Promise<string>;

/** Who is it, and then: by which of their ways do they show it. The first tells nobody whether there is such an account. */
export function signIn(deps: InteractionDeps): Step {
  const { provider, formTokens, browserSessions, signup } = deps;
  const ways = new Map([["password", passwordWay(deps)]]);

  async function answer(c: InteractionContext, email: string, refusal?: Fault): Promise<Response> {
    const { uid, params } = c.var.interaction;
    const problems = (refusal?.data?.fields as Problems) ?? (refusal ? { form: refusal.message } : {});
    const view = { csrfToken: formTokens.tokenFor(uid), email, problems };
    const page =
      email && !problems.email
        ? waysPage(view)
        : emailPage({ ...view, clientName: await nameOf(params.client_id as string), signup });
    for (const [name, value] of Object.entries(refusal?.headers ?? {})) c.header(name, value);
    return answerPage(c, page, (refusal?.status ?? 200) as 200);
  }

  async function nameOf(clientId: string): Promise<string | null> {
    if (clientId === DASHBOARD_CLIENT_ID) return null;
    const client = await provider.Client.find(clientId);
    return client?.clientName ?? "An app";
  }

  return {
    async show(c) {
      const { uid, params } = c.var.interaction;
      const session = await browserSessions.find(c);
      if (session && isSince(c.var.interaction, session)) return c.redirect(sameRequest(c.var.interaction), 303);
      const { name, attributes } = flowCookie(deps.publicUrl);
      setCookie(c, name, uid, attributes);
      const { login_hint: hint } = params;
      return answer(c, EMAIL.test(String(hint)) ? String(hint) : "");
    },

    async submit(c, form) {
      const email = String(form.email ?? "").trim();
      try {
        if (!EMAIL.test(email)) throw noEmail();
        const way = ways.get(String(form.way));
        if (!way) return answer(c, email);
        const userId = await way(c, email, form).catch(countRefused);
        signIns.add(1, "ok");
        return finish(provider, c, { login: { accountId: userId, amr: ["pwd"] } });
      } catch (error) {
        if (!(error instanceof Fault) || error.status >= 500) throw error;
        return answer(c, email, error);
      }
    },
  };
}

function countRefused(error: unknown): never {
  signIns.add(1, "failed");
  throw error;
}

/** No more than keeps mistakes away: whether there is such a mailbox, only a mail shows. */
export const EMAIL = /^[^@\s]{1,64}@[^@\s]{1,255}$/;

function noEmail(): Fault {
  const problem = "Enter your whole email address, such as ada@example.com";
  return new Fault("invalid_fields", problem, { data: { fields: { email: problem } } });
}

function passwordWay(deps: InteractionDeps): Way {
  const { db, throttle, tally, log } = deps;
  const unrecorded = (error: unknown) => log.error({ err: error }, "refused sign-in not recorded");
  return async function signInWithPassword(c, email, form) {
    const { interaction } = c.var;
    const address = addressOf(c);
    // Not waited for: whether there is such an account must not show in the time that the answer takes.
    const onRefused = ({ id: userId }: { id: string }, count: number) =>
      void auditSignIn(deps, interaction, { userId, outcome: "refused", entry: { count } }).catch(unrecorded);
    const noteLimited = async () => {
      const user = await findUserByEmail(db, email);
      if (!user) return;
      const row = { userId: user.id, outcome: "rate_limited" as const };
      tally.note(`sign_in ${user.id}`, (count) => auditSignIn(deps, interaction, { ...row, entry: { count } }));
    };
    const onLimited = () => void noteLimited().catch(unrecorded);
    const password = String(form.password ?? "");
    const user = await checkPassword({ db, throttle, onRefused, onLimited }, { email, password, address });
    await auditSignIn(deps, interaction, { userId: user.id, outcome: "ok", entry: {} });
    return user.id;
  };
}

/** Whether somebody has signed in since the client asked: it was by another page, for that begins another session. */
function isSince({ iat, session: before }: Interaction, { sessionHash, signedInAt }: BrowserSession): boolean {
  const isOther = !before?.uid || !sessionHashOf({ uid: before.uid }).equals(sessionHash);
  return isOther && signedInAt >= iat;
}

/** What the client asked for, of somebody who has signed in by another page meanwhile. */
function sameRequest({ params }: Interaction): string {
  const { prompt, ...rest } = params as Record<string, string>;
  const prompts = (prompt ?? "").split(" ").filter((word) => word && word !== "login");
  const query = new URLSearchParams({ ...rest, ...(prompts.length > 0 ? { prompt: prompts.join(" ") } : {}) });
  return `/oauth/authorize?${query}`;
}

interface SignInOutcome {
  userId: string;
  outcome: "ok" | "refused" | "rate_limited";
  entry: Record<string, unknown>;
}

/** In the audit of the org whose endpoint the client asks for, where the person is its member; the dashboard is all orgs'. */
async function auditSignIn(
  { db, publicUrl }: InteractionDeps,
  { params }: Interaction,
  { userId, outcome, entry }: SignInOutcome,
): Promise<void> {
  const row = { event: "sign_in" as const, outcome, userId, entry: { client: params.client_id, ...entry } };
  if (params.resource === undefined) {
    return db.transaction().execute((transaction) => insertAuditInOrgsOf(transaction, userId, row));
  }
  const address = parseResource(publicUrl, String(params.resource));
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return;
  await withOrg(db, org.id, async (scope) => {
    if (await findRole(scope, userId)) await insertAudit(scope, row);
  });
}
