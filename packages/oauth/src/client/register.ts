import { Fault } from "@gatehouse/faults";
import * as oauth from "oauth4webapi";
import type { AuthorizationServer } from "./discover.ts";
import { explain, requestOptions, type Upstream } from "./upstream.ts";

export const AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** What Gatehouse is to an authorization server. */
export interface Client {
  clientId: string;
  /** `null` for a public client. */
  clientSecret: string | null;
  authMethod: AuthMethod;
}

export interface RegistrationRequest {
  redirectUri: string;
  /** Where the metadata document of this client is served; `null` where nobody else can read it. */
  metadataDocument: URL | null;
  clientUri: string;
}

/** Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document), for one connector alone. */
export function metadataDocument(documentUrl: string, { redirectUri, clientUri }: RegistrationRequest) {
  return { client_id: documentUrl, ...clientMetadata(redirectUri, clientUri), token_endpoint_auth_method: "none" };
}

function clientMetadata(redirectUri: string, clientUri: string) {
  return {
    client_name: "Gatehouse",
    client_uri: clientUri,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
}

/** By the metadata document where the server takes one, otherwise by dynamic registration (RFC 7591). */
export async function register(
  server: AuthorizationServer,
  request: RegistrationRequest,
  upstream: Upstream,
): Promise<Client> {
  const { metadataDocument: document, redirectUri, clientUri } = request;
  if (server.client_id_metadata_document_supported && document) {
    return { clientId: document.href, clientSecret: null, authMethod: "none" };
  }
  const { host } = new URL(server.issuer);
  if (!server.registration_endpoint) {
    throw new Fault(
      "upstream_failed",
      `${host} does not let apps register themselves. An owner can enter the id and secret of an OAuth app made there.`,
    );
  }
  const authMethod = authMethodFor(server);
  const metadata = { ...clientMetadata(redirectUri, clientUri), token_endpoint_auth_method: authMethod };
  try {
    const answer = await oauth.dynamicClientRegistrationRequest(server, metadata, requestOptions(upstream));
    return toClient(await oauth.processDynamicClientRegistrationResponse(await asCreated(answer)), authMethod);
  } catch (error) {
    throw explain(error, host);
  }
}

/** A server that says nothing takes HTTP Basic (RFC 8414 §2). */
export function authMethodFor({ token_endpoint_auth_methods_supported: supported }: AuthorizationServer): AuthMethod {
  if (!supported) return "client_secret_basic";
  const method = AUTH_METHODS.find((method) => supported.includes(method));
  if (method) return method;
  throw new Fault(
    "upstream_failed",
    `The upstream wants apps to authenticate by ${supported.join(", ").slice(0, 100)}`,
  );
}

/** Some servers answer 200 where RFC 7591 §3.2.1 says 201, and do not say that the secret they gave never expires. */
async function asCreated(answer: Response): Promise<Response> {
  if (answer.status !== 200 && answer.status !== 201) return answer;
  const registered = await answer.json();
  if (typeof registered !== "object" || registered === null) return Response.json(registered, { status: 201 });
  return Response.json({ client_secret_expires_at: 0, ...registered }, { status: 201 });
}

function toClient(registered: oauth.OmitSymbolProperties<oauth.Client>, asked: AuthMethod): Client {
  const clientSecret = typeof registered.client_secret === "string" ? registered.client_secret : null;
  const method = AUTH_METHODS.find((method) => method === registered.token_endpoint_auth_method) ?? asked;
  return { clientId: registered.client_id, clientSecret, authMethod: clientSecret === null ? "none" : method };
}

export function clientAuth({ clientSecret, authMethod }: Client): oauth.ClientAuth {
  if (clientSecret === null || authMethod === "none") return oauth.None();
  return authMethod === "client_secret_post"
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret);
}
