import type { WayOf } from "@gatehouse/credentials/access";
import { Fault } from "@gatehouse/faults";
import { givenServer, metadataDocumentFor, redirectUriFor } from "@gatehouse/oauth/client/addresses";
import { type AuthorizationServer, checkedServer, discover } from "@gatehouse/oauth/client/discover";
import { KNOWN_SERVICES } from "@gatehouse/oauth/client/known-services";
import { placeOfClientSecret } from "@gatehouse/oauth/client/linked-account";
import { operatorClientFor, operatorSecretOf } from "@gatehouse/oauth/client/operator-clients";
import { type Client, register } from "@gatehouse/oauth/client/register";
import { withOrg } from "@gatehouse/store/database";
import { findUpstreamClient, putUpstreamClient, type UpstreamClient } from "@gatehouse/store/upstream-clients";
import type { ConnectDeps } from "./connect.ts";
import { type LinkTarget, upstreamOf } from "./link-target.ts";

type Deps = Pick<ConnectDeps, "db" | "vault" | "egress" | "publicUrl" | "operatorClients">;

/** What Gatehouse asks an upstream's authorization server as, and for. */
export interface ReadyClient {
  server: AuthorizationServer;
  client: Client;
  resource: string | null;
  scopes: readonly string[];
  scopeDelimiter?: string | undefined;
  scopeParameter?: string | undefined;
  extraParameters?: Readonly<Record<string, string>> | undefined;
}

type MemberOAuth = WayOf<"member-oauth">;

/** Looks at the upstream anew each time: where its authorization server has moved, nothing is sent to the new one unseen. */
export async function readyClient(deps: Deps, target: LinkTarget): Promise<ReadyClient> {
  const way = target.way as MemberOAuth;
  const server = givenServer(way);
  return server
    ? byOwner(deps, target, checkedServer(server, upstreamOf(deps, target.connector)))
    : byDiscovery(deps, target);
}

/** The owner has named the service, or its endpoints. */
async function byOwner(deps: Deps, target: LinkTarget, server: AuthorizationServer): Promise<ReadyClient> {
  const { service, scopes, scopeDelimiter } = target.way as MemberOAuth;
  const known = service ? KNOWN_SERVICES[service] : undefined;
  return {
    ...{ server, resource: null, scopes: scopes ?? known?.scopes ?? [] },
    client: await givenClient(deps, target, server),
    scopeDelimiter: scopeDelimiter ?? known?.scopeDelimiter,
    scopeParameter: known?.scopeParameter,
    extraParameters: known?.extraParameters,
  };
}

async function givenClient(deps: Deps, target: LinkTarget, server: AuthorizationServer): Promise<Client> {
  const stored = await findStored(deps, target);
  const isSame = stored?.server.revocation_endpoint === server.revocation_endpoint;
  if (stored?.registration === "given" && isSame && isFor(stored, target, server))
    return openClient(deps, target.org.id, stored, server);
  const operators = await operatorsClient(deps, target, server);
  if (operators) return operators;
  throw new Fault(
    "conflict",
    `${target.connector.name} has no OAuth app to ask with. An owner can enter its id and secret.`,
  );
}

/** Kept without its secret, which is the operator's to change. */
async function operatorsClient(deps: Deps, target: LinkTarget, server: AuthorizationServer): Promise<Client | null> {
  const { service = "", scopes = [] } = target.way as MemberOAuth;
  const { origin } = new URL(target.connector.url);
  const found = operatorClientFor(deps.operatorClients ?? {}, service, origin);
  if (!found) return null;
  const client = { clientId: found.clientId, clientSecret: null, authMethod: KNOWN_SERVICES[service]!.authMethod };
  await keepClient(deps, target, { server, client, resource: null, scopes, registration: "operator" });
  return { ...client, clientSecret: found.clientSecret };
}

/** What Gatehouse proves itself with, as one that is stored, to the server that it was made for and to no other. */
export async function openClient(
  { vault, operatorClients = {} }: Pick<Deps, "vault" | "operatorClients">,
  orgId: string,
  stored: UpstreamClient,
  server: Pick<AuthorizationServer, "token_endpoint" | "revocation_endpoint">,
): Promise<Client> {
  const { clientId, authMethod, sealed, registration } = stored;
  if (stored.server.token_endpoint !== server.token_endpoint) {
    throw new Fault("conflict", "The OAuth app that this was begun with is for another server by now. Begin anew.");
  }
  const clientSecret =
    registration === "operator"
      ? operatorSecretOf(operatorClients, clientId, server)
      : sealed && (await vault.open(placeOfClientSecret(orgId, stored), sealed));
  return { clientId, clientSecret, authMethod };
}

async function byDiscovery(deps: Deps, target: LinkTarget): Promise<ReadyClient> {
  const { connector } = target;
  const way = target.way as MemberOAuth;
  const upstream = upstreamOf(deps, connector);
  const found = await discover(new URL(connector.url), upstream);
  const stored = await findStored(deps, target);
  const known =
    stored && isFor(stored, target, found.server) && (stored.registration !== "document" || isOwn(deps, stored));
  const client = known
    ? await openClient(deps, target.org.id, stored, found.server)
    : await registerAnew(deps, target, found);
  return { server: found.server, client, resource: found.resource, scopes: way.scopes ?? found.scopes };
}

function findStored({ db }: Deps, { org, connector }: LinkTarget): Promise<UpstreamClient | null> {
  return withOrg(db, org.id, (scope) => findUpstreamClient(scope, connector.id));
}

/** A client is known to the server that it was made at, and its secret is for that server's eyes. */
function isFor(stored: UpstreamClient, { connector }: LinkTarget, server: AuthorizationServer): boolean {
  const made = stored.server as AuthorizationServer;
  return (
    made.issuer === server.issuer &&
    made.token_endpoint === server.token_endpoint &&
    stored.upstreamOrigin === new URL(connector.url).origin
  );
}

/** The document is where this deployment is reached now. */
const isOwn = ({ publicUrl }: Deps, { connectorId, clientId }: UpstreamClient) =>
  clientId === metadataDocumentFor(publicUrl, connectorId).href;

async function registerAnew(
  deps: Deps,
  target: LinkTarget,
  found: Pick<ReadyClient, "server" | "resource" | "scopes">,
): Promise<Client> {
  const { publicUrl } = deps;
  const { connector } = target;
  const isPublic = publicUrl.protocol === "https:";
  const request = {
    redirectUri: redirectUriFor(publicUrl, connector.id),
    metadataDocument: isPublic ? metadataDocumentFor(publicUrl, connector.id) : null,
    clientUri: publicUrl.origin,
  };
  const client = await register(found.server, request, upstreamOf(deps, connector));
  const registration = client.clientId === request.metadataDocument?.href ? "document" : "dynamic";
  await keepClient(deps, target, { ...found, client, registration });
  return client;
}

/** The client that new links are made by from now on. */
async function keepClient(
  { db, vault }: Pick<Deps, "db" | "vault">,
  { org, connector }: Pick<LinkTarget, "org" | "connector">,
  made: Pick<ReadyClient, "server" | "client" | "resource" | "scopes"> & Pick<UpstreamClient, "registration">,
): Promise<void> {
  const { clientId, clientSecret, authMethod } = made.client;
  const key = { connectorId: connector.id, clientId };
  const sealed = clientSecret === null ? null : await vault.seal(placeOfClientSecret(org.id, key), clientSecret);
  await withOrg(db, org.id, (scope) =>
    putUpstreamClient(scope, {
      ...key,
      ...{ registration: made.registration, authMethod, sealed, server: made.server, resource: made.resource },
      ...{ scopes: [...made.scopes], upstreamOrigin: new URL(connector.url).origin },
    }),
  );
}
