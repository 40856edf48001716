import { createHash } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { SCOPES } from "@gatehouse/oauth/endpoint";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertGrant, type NewGrant } from "@gatehouse/store/grants";
import { findUser } from "@gatehouse/store/users";
import type { Grant } from "oidc-provider";
import { SUPPORTED_SCOPES } from "./claims.ts";
import { nameOf, vouchingHost } from "./client-identity.ts";
import { type ConsentQuestion, consentPage } from "./consent-page.ts";
import { type ConsentRequest, findConsentRequest, heldScopes } from "./consent-request.ts";
import {
  answerPage,
  finish,
  type Interaction,
  type InteractionContext,
  type InteractionDeps,
  type Step,
} from "./interaction.ts";

const NO_ENDPOINT = {
  error: "invalid_target",
  error_description: "there is no MCP endpoint at this address that this member may use",
};

const CHANGED = "What this app would be able to do has changed since you opened this page. Please look once more.";

/** One member, one client, one endpoint: nothing is sent to the client before its member has said yes to it here. */
export function consent(deps: InteractionDeps): Step {
  const { provider, db, formTokens } = deps;

  async function show(c: InteractionContext, problem?: string): Promise<Response> {
    const { interaction } = c.var;
    const request = await findRequest(deps, interaction);
    if (!request) return finish(provider, c, NO_ENDPOINT);
    const user = await findUser(db, request.userId);
    const question = questionOf(request, interaction);
    const page = consentPage({
      ...question,
      shown: digestOf(request, question),
      csrfToken: formTokens.tokenFor(interaction.uid),
      isTicked: problem === undefined,
      email: user?.email ?? "",
      otherAccountUrl: signInAgainUrl(interaction),
      problem,
    });
    return answerPage(c, page, problem ? 422 : 200);
  }

  async function submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response> {
    const request = await findRequest(deps, c.var.interaction);
    if (!request) return finish(provider, c, NO_ENDPOINT);
    if (form.decision === "approve") {
      if (form.shown !== digestOf(request, questionOf(request, c.var.interaction))) return show(c, CHANGED);
      const { asked, held } = whatIsNew(request);
      const ticked = asked.filter((scope) => [form.scope].flat().includes(scope));
      if (ticked.length === 0) return show(c, "Tick at least one of these, or deny.");
      const agreed = { scopes: SCOPES.filter((scope) => held.includes(scope) || ticked.includes(scope)) };
      const grant = await saveGrant(deps, request, { ...agreed, others: otherScopes(c.var.interaction) });
      await recordGrant(deps, request, grant, agreed.scopes);
      return finish(provider, c, { consent: { grantId: grant.jti } });
    }
    if (form.decision !== "deny") throw new Fault("invalid_request", "Choose to allow or to deny this app.");
    await recordDenial(deps, request);
    return finish(provider, c, { error: "access_denied", error_description: "the member denied the request" });
  }

  return { show: (c) => show(c), submit };
}

async function findRequest(deps: InteractionDeps, { params, session }: Interaction): Promise<ConsentRequest | null> {
  const client = await deps.provider.Client.find(params.client_id as string);
  if (!client) return null;
  return findConsentRequest(deps, {
    client,
    userId: session!.accountId,
    scope: params.scope as string,
    resource: params.resource as string,
    redirectUri: params.redirect_uri as string,
  });
}

/** What the member is asked. */
function questionOf(request: ConsentRequest, interaction: Interaction): ConsentQuestion {
  const { client, endpoint, tools } = request;
  const { asked, held } = whatIsNew(request);
  return {
    client: { name: nameOf(client), host: vouchingHost(client) },
    redirectUri: interaction.params.redirect_uri as string,
    connector: { name: endpoint.connector.name, server: endpoint.connector.server },
    org: endpoint.org.name,
    choices: asked.map((scope) => ({ scope, tools: tools[scope]! })),
    held,
    others: otherScopes(interaction),
  };
}

/** Of all that is agreed to, also of what the page has no room for: nothing else is granted than what was there to be seen. */
function digestOf({ userId, terms }: ConsentRequest, question: ConsentQuestion): string {
  return createHash("sha256")
    .update(JSON.stringify([userId, terms, question]))
    .digest("base64url");
}

/** Whoever asks for more is asked about that alone; whoever asks for the same again, about all of it. */
function whatIsNew(request: ConsentRequest): { asked: string[]; held: string[] } {
  const held = heldScopes(request);
  const asked = request.scopes.filter((scope) => !held.includes(scope));
  return asked.length > 0 ? { asked, held } : { asked: request.scopes, held: [] };
}

/** OpenID Connect's, among what the client asks for. */
function otherScopes({ params }: Interaction): string[] {
  const asked = (params.scope as string).split(" ");
  return SUPPORTED_SCOPES.filter((scope) => asked.includes(scope) && !isEndpointScope(scope));
}

const isEndpointScope = (scope: string) => (SCOPES as readonly string[]).includes(scope);

interface Agreed {
  scopes: string[];
  others: string[];
}

/** Each consent is a grant of its own, so that one device's can end without another's. What was unticked has been decided. */
async function saveGrant({ provider }: InteractionDeps, request: ConsentRequest, { scopes, others }: Agreed) {
  const { client, resource, userId } = request;
  const grant = new provider.Grant({ accountId: userId, clientId: client.clientId });
  const left = request.scopes.filter((scope) => !scopes.includes(scope));
  grant.addOIDCScope([...others, ...scopes]);
  grant.addResourceScope(resource, scopes);
  if (left.length > 0) {
    grant.rejectOIDCScope(left);
    grant.rejectResourceScope(resource, left);
  }
  await grant.save();
  return grant;
}

/** The grant becomes one that its member can see and end, and the org's audit tells what was decided. */
function recordGrant({ db }: InteractionDeps, request: ConsentRequest, grant: Grant, scopes: string[]): Promise<void> {
  const before = heldScopes(request);
  return withOrg(db, request.endpoint.org.id, async (org) => {
    await insertGrant(org, rowOf(request, grant, scopes));
    const entry = { grant: grant.jti, scope: scopes.join(" "), scope_before: before.join(" ") };
    await insertAudit(org, { event: "consent.granted", ...auditOf(request, entry) });
  });
}

function recordDenial({ db }: InteractionDeps, request: ConsentRequest): Promise<void> {
  return withOrg(db, request.endpoint.org.id, (org) =>
    insertAudit(org, { event: "consent.denied", ...auditOf(request, { scope: request.scopes.join(" ") }) }),
  );
}

function auditOf({ client, endpoint, userId }: ConsentRequest, entry: Record<string, unknown>) {
  return {
    ...{ outcome: "ok", userId, connectorId: endpoint.connector.id },
    entry: { client: client.clientId, client_name: client.clientName, ...entry },
  };
}

function rowOf(request: ConsentRequest, { jti: id, remainingTTL }: Grant, scopes: string[]): NewGrant {
  const { client, endpoint, userId, terms } = request;
  return {
    ...{ id, userId, scopes, terms, connectorId: endpoint.connector.id },
    ...{ clientId: client.clientId, clientName: nameOf(client), clientHost: vouchingHost(client) },
    expiresAt: new Date(Date.now() + remainingTTL * 1000),
  };
}

/** The same request once more, with sign-in first (OpenID Connect Core §3.1.2.1). */
function signInAgainUrl({ params }: Interaction): string {
  const query = new URLSearchParams({ ...(params as Record<string, string>), prompt: "login" });
  return `/oauth/authorize?${query}`;
}
