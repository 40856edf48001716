import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { countClientRequests, hasRequestedClient, insertClientRequest } from "@gatehouse/store/clients";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { insertMail } from "@gatehouse/store/mails";
import { listPeople } from "@gatehouse/store/members";
import { findUser } from "@gatehouse/store/users";
import type { Vault } from "@gatehouse/vault/vault";
import type { Client } from "oidc-provider";
import { standingOf } from "./allowed-clients.ts";
import { nameOf, vouchingHost } from "./client-identity.ts";
import { clientNotAllowedPage } from "./client-pages.ts";
import { answerPage, finish, type InteractionContext, type InteractionDeps, type Step } from "./interaction.ts";
import { type Endpoint, findEndpoint } from "./resource.ts";

const DENIED = { error: "access_denied", error_description: "the organisation does not allow this client" };

/** Of one member's, which wait for an answer: each is a mail to every admin. */
const REQUESTS_MAX = 20;

const tooMany = () =>
  new Fault("conflict", `${REQUESTS_MAX} apps that you asked for wait for an answer. Ask an admin to look at them.`);

interface Refused {
  client: Client;
  endpoint: Endpoint;
  userId: string;
}

/** The org does not allow the client: says so, and passes the wish on to those who can. */
export function clientNotAllowed(deps: InteractionDeps): Step {
  const { provider, db, formTokens } = deps;

  async function find({ params, session }: InteractionContext["var"]["interaction"]): Promise<Refused | null> {
    const userId = session!.accountId;
    const client = await provider.Client.find(params.client_id as string);
    const endpoint = await findEndpoint(deps, params.resource as string, userId);
    return client && endpoint ? { client, endpoint, userId } : null;
  }

  async function show(c: InteractionContext): Promise<Response> {
    const refused = await find(c.var.interaction);
    if (!refused) return finish(provider, c, DENIED);
    const { client, endpoint, userId } = refused;
    const { standing, asked } = await withOrg(db, endpoint.org.id, async (org) => {
      const { standing, known } = await standingOf(org, client);
      const asked = await hasRequestedClient(org, { identity: known.identity, userId });
      if (standing !== "allowed" && !asked) await recordRefusal(org, { client, endpoint, userId });
      return { standing, asked };
    });
    if (standing === "allowed") return finish(provider, c, {});
    const page = clientNotAllowedPage({
      csrfToken: formTokens.tokenFor(c.var.interaction.uid),
      client: { name: nameOf(client), host: vouchingHost(client) },
      org: endpoint.org.name,
      state: standing === "blocked" ? "blocked" : asked ? "asked" : "not_allowed",
    });
    return answerPage(c, page);
  }

  async function submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response> {
    const refused = await find(c.var.interaction);
    if (!refused || form.answer === "back") return finish(provider, c, DENIED);
    if (form.answer === "ask") await ask(deps, refused);
    else if (form.answer !== "again") throw new Fault("invalid_request", "Choose what to do about this app.");
    return show(c);
  }

  return { show, submit };
}

function recordRefusal(org: OrgScope, { client, endpoint, userId }: Refused): Promise<void> {
  const entry = { client: client.clientId, client_name: nameOf(client) };
  const connectorId = endpoint.connector.id;
  return insertAudit(org, { event: "client.refused", outcome: "refused", userId, connectorId, entry });
}

/** Once for each member and client: who asks again tells nobody anything new. */
async function ask({ db, vault, publicUrl }: InteractionDeps, { client, endpoint, userId }: Refused): Promise<void> {
  await withOrg(db, endpoint.org.id, async (org) => {
    const { known, standing } = await standingOf(org, client);
    if (standing !== "not_allowed") return;
    if ((await countClientRequests(org, userId)) >= REQUESTS_MAX) throw tooMany();
    if (!(await insertClientRequest(org, { identity: known.identity, userId }))) return;
    const entry = { client: client.clientId, identity: known.identity, client_name: known.name };
    await insertAudit(org, { event: "client.requested", outcome: "ok", userId, entry });
    const member = await findUser(db, userId);
    const link = new URL(`/dashboard/${endpoint.org.slug}/settings`, publicUrl).href;
    const mail = {
      subject: `${endpoint.org.name}: ${member?.email} asks for an app to be allowed`,
      text: `${member?.name} (${member?.email}) wants to connect this app to “${endpoint.connector.name}”:

${known.name}
${known.host ? `from ${known.host}` : "which registered itself; anyone could have chosen its name"}

Your organisation does not allow it so far. Approve or block it here:
${link}
`,
    };
    await mailAdmins(org, vault, mail);
  });
}

async function mailAdmins(org: OrgScope, vault: Vault, mail: { subject: string; text: string }): Promise<void> {
  const admins = (await listPeople(org)).filter(({ role }) => role === "owner" || role === "admin");
  for (const { email } of admins) await insertMail(org.db, vault, { to: email, ...mail });
}
