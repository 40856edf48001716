import { Fault } from "@gatehouse/faults";
import { SCOPES } from "@gatehouse/oauth/endpoint";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertGrant, type NewGrant } from "@gatehouse/store/grants";
import { findUser } from "@gatehouse/store/users";
import type { Client, Grant } from "oidc-provider";
import { SUPPORTED_SCOPES } from "./claims.ts";
import {
  answerPage,
  finish,
  type Interaction,
  type InteractionContext,
  type InteractionDeps,
  type Step,
} from "./interaction.ts";
import { consentPage } from "./pages.ts";
import { type Endpoint, findEndpoint } from "./resource.ts";

const NO_ENDPOINT = {
  error: "invalid_target",
  error_description: "there is no MCP endpoint at this address that this member may use",
};

/** One member, one client, one endpoint: nothing is sent to the client before its member has said yes to it here. */
export function consent(deps: InteractionDeps): Step {
  const { provider, db, formTokens } = deps;

  async function show(c: InteractionContext): Promise<Response> {
    const { uid, params, session } = c.var.interaction;
    const request = await findRequest(deps, c.var.interaction);
    if (!request) return finish(provider, c, NO_ENDPOINT);
    const { client, endpoint, scopes } = request;
    const user = await findUser(db, session!.accountId);
    const page = consentPage({
      csrfToken: formTokens.tokenFor(uid),
      client: { name: nameOf(client), host: hostOf(client) },
      redirectUri: params.redirect_uri as string,
      connector: endpoint.connector.name,
      org: endpoint.org.name,
      scopes,
      email: user?.email ?? "",
      otherAccountUrl: signInAgainUrl(c.var.interaction),
    });
    return answerPage(c, page);
  }

  async function submit(c: InteractionContext, form: Record<string, unknown>): Promise<Response> {
    const request = await findRequest(deps, c.var.interaction);
    if (!request) return finish(provider, c, NO_ENDPOINT);
    if (form.decision === "approve") {
      const grant = await saveGrant(deps, request);
      await recordDecision(deps, request, grant);
      return finish(provider, c, { consent: { grantId: grant.jti } });
    }
    if (form.decision !== "deny") throw new Fault("invalid_request", "Choose to allow or to deny this app.");
    await recordDecision(deps, request, null);
    return finish(provider, c, { error: "access_denied", error_description: "the member denied the request" });
  }

  return { show, submit };
}

interface ConsentRequest {
  client: Client;
  endpoint: Endpoint;
  resource: string;
  scopes: string[];
  userId: string;
}

async function findRequest(deps: InteractionDeps, interaction: Interaction): Promise<ConsentRequest | null> {
  const { params, session } = interaction;
  const resource = params.resource as string;
  const userId = session!.accountId;
  const client = await deps.provider.Client.find(params.client_id as string);
  const endpoint = await findEndpoint(deps, resource, userId);
  if (!client || !endpoint) return null;
  const asked = (params.scope as string).split(" ");
  return { client, endpoint, resource, scopes: SUPPORTED_SCOPES.filter((scope) => asked.includes(scope)), userId };
}

/** Each consent is a grant of its own, so that one device's can end without another's. */
async function saveGrant({ provider }: InteractionDeps, request: ConsentRequest): Promise<Grant> {
  const { client, resource, scopes, userId } = request;
  const grant = new provider.Grant({ accountId: userId, clientId: client.clientId });
  grant.addOIDCScope(scopes);
  grant.addResourceScope(
    resource,
    SCOPES.filter((scope) => scopes.includes(scope)),
  );
  await grant.save();
  return grant;
}

/** The grant becomes one that its member can see and end, and the org's audit tells what was decided. */
function recordDecision({ db }: InteractionDeps, request: ConsentRequest, grant: Grant | null): Promise<void> {
  const { client, endpoint, scopes, userId } = request;
  const connectorId = endpoint.connector.id;
  return withOrg(db, endpoint.org.id, async (org) => {
    if (grant) await insertGrant(org, rowOf(request, grant));
    await insertAudit(org, {
      event: `consent.${grant ? "granted" : "denied"}`,
      outcome: "ok",
      userId,
      connectorId,
      entry: { client_id: client.clientId, client_name: client.clientName, scope: scopes.join(" ") },
    });
  });
}

function rowOf({ client, endpoint, scopes, userId }: ConsentRequest, { jti: id, remainingTTL }: Grant): NewGrant {
  return {
    ...{ id, userId, connectorId: endpoint.connector.id },
    ...{ clientId: client.clientId, clientName: nameOf(client), clientHost: hostOf(client) },
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    expiresAt: new Date(Date.now() + remainingTTL * 1000),
  };
}

const nameOf = (client: Client) => client.clientName ?? "An app without a name";

/** The host that vouches for a client: where its metadata document is. Nobody vouches for one that registered itself. */
function hostOf(client: Client): string | null {
  return "clientIdMetadataDocument" in client ? new URL(client.clientId).host : null;
}

/** The same request once more, with sign-in first (OpenID Connect Core §3.1.2.1). */
function signInAgainUrl({ params }: Interaction): string {
  const query = new URLSearchParams({ ...(params as Record<string, string>), prompt: "login" });
  return `/oauth/authorize?${query}`;
}
