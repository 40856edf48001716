import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { findOrgBySlug, findRole } from "@gatehouse/store/orgs";
import { findUserByEmail } from "@gatehouse/store/users";
import {
  answerPage,
  finish,
  type Interaction,
  type InteractionContext,
  type InteractionDeps,
  type Step,
} from "./interaction.ts";
import { signInPage } from "./pages.ts";
import { verifyPassword } from "./password.ts";
import { DASHBOARD_CLIENT_ID, parseResource } from "./resource.ts";

const REFUSED = "The email address or the password is not right.";

export function signIn(deps: InteractionDeps): Step {
  const { provider, db, formTokens, throttle, log } = deps;

  async function answer(c: InteractionContext, email: string, refusal?: Fault): Promise<Response> {
    const { uid, params } = c.var.interaction;
    const page = signInPage({
      csrfToken: formTokens.tokenFor(uid),
      clientName: await nameOf(params.client_id as string),
      email,
      problem: refusal?.message,
    });
    for (const [name, value] of Object.entries(refusal?.headers ?? {})) c.header(name, value);
    return answerPage(c, page, (refusal?.status ?? 200) as 200);
  }

  async function nameOf(clientId: string): Promise<string | null> {
    if (clientId === DASHBOARD_CLIENT_ID) return null;
    const client = await provider.Client.find(clientId);
    return client?.clientName ?? "An app";
  }

  async function authenticate(c: InteractionContext, email: string, password: string): Promise<string> {
    const guess = { email: email.toLowerCase(), address: c.env.incoming.socket.remoteAddress ?? "" };
    await throttle.take(guess);
    const user = await findUserByEmail(db, email);
    const matches = await verifyPassword(user?.passwordHash ?? null, password);
    if (user && matches) {
      await throttle.forget(guess);
      return user.id;
    }
    // Not waited for: whether there is such an account must not show in the time that the answer takes.
    if (user)
      auditSignIn(deps, c.var.interaction, { userId: user.id, outcome: "refused" }).catch((error) => log.error(error));
    throw new Fault("invalid_fields", REFUSED);
  }

  return {
    async show(c) {
      const { login_hint: hint } = c.var.interaction.params;
      return answer(c, typeof hint === "string" ? hint : "");
    },

    async submit(c, form) {
      const email = String(form.email ?? "").trim();
      try {
        const userId = await authenticate(c, email, String(form.password ?? ""));
        await auditSignIn(deps, c.var.interaction, { userId, outcome: "ok" });
        return finish(provider, c, { login: { accountId: userId, amr: ["pwd"] } });
      } catch (error) {
        if (!(error instanceof Fault) || error.status >= 500) throw error;
        return answer(c, email, error);
      }
    },
  };
}

/** In the audit of the org whose endpoint the client asks for, where the person is a member of it. */
async function auditSignIn(
  { db, publicUrl }: InteractionDeps,
  { params }: Interaction,
  { userId, outcome }: { userId: string; outcome: "ok" | "refused" },
): Promise<void> {
  const address = parseResource(publicUrl, String(params.resource ?? ""));
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return;
  await withOrg(db, org.id, async (scope) => {
    if (!(await findRole(scope, userId))) return;
    await insertAudit(scope, { event: "sign_in", outcome, userId, entry: { client_id: params.client_id } });
  });
}
