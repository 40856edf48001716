import { Fault } from "@gatehouse/faults";
import * as oauth from "oauth4webapi";
import type { AuthorizationServer } from "./discover.ts";
import type { Client } from "./register.ts";
import { clientAuth } from "./register.ts";
import { asTokens, type Tokens } from "./tokens.ts";
import { checkedAddress, explain, requestOptions, type Upstream } from "./upstream.ts";

/** What is asked for, and by whom. */
export interface Authorization {
  server: AuthorizationServer;
  client: Client;
  redirectUri: string;
  /** RFC 8707; `null` where the upstream has no name for itself. */
  resource: string | null;
  scopes: readonly string[];
  /** What this one service wants besides. */
  extraParameters?: Readonly<Record<string, string>> | undefined;
  /** What lies between two scopes; a space by RFC 6749 §3.3. */
  scopeDelimiter?: string | undefined;
  /** What scopes are asked by; `scope` by RFC 6749 §3.3. */
  scopeParameter?: string | undefined;
}

/** What has to be remembered until the answer comes. */
export interface Secrets {
  state: string;
  codeVerifier: string;
}

export function newSecrets(): Secrets {
  return { state: oauth.generateRandomState(), codeVerifier: oauth.generateRandomCodeVerifier() };
}

/** Where the person's browser is sent (RFC 6749 §4.1.1, RFC 7636 §4.3). */
export async function authorizationUrl(
  authorization: Authorization,
  { state, codeVerifier }: Secrets,
  upstream: Pick<Upstream, "allowHttp">,
): Promise<URL> {
  const { server, client, redirectUri, resource, scopes, extraParameters = {} } = authorization;
  const { scopeDelimiter = " ", scopeParameter = "scope" } = authorization;
  const url = checkedAddress(server.authorization_endpoint, "The sign-in page that the upstream names", upstream);
  const parameters = {
    ...extraParameters,
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: "S256",
    ...(resource === null ? {} : { resource }),
    ...(scopes.length > 0 ? { [scopeParameter]: scopes.join(scopeDelimiter) } : {}),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** By simple comparison, also of an error, whose words are then nobody's (RFC 9207 §2.4). */
function checkIssuer({ issuer }: AuthorizationServer, answer: URLSearchParams): void {
  const named = answer.get("iss");
  if (named === null || named === issuer) return;
  throw new Fault("upstream_failed", `The answer is from another authorization server than ${new URL(issuer).host}`);
}

/** The answer to it, for tokens: `state` and `iss` (RFC 9207 §2.4) are looked at before anything is sent. */
export async function redeem(
  authorization: Authorization,
  { state, codeVerifier }: Secrets,
  answer: URLSearchParams,
  upstream: Upstream,
): Promise<Tokens> {
  const { server, client, redirectUri, resource } = authorization;
  const options = { ...requestOptions(upstream), ...(resource === null ? {} : { additionalParameters: { resource } }) };
  const oauthClient = { client_id: client.clientId };
  const { host } = new URL(server.token_endpoint);
  try {
    checkIssuer(server, answer);
    const checked = oauth.validateAuthResponse(server, oauthClient, answer, state);
    const response = await oauth.authorizationCodeGrantRequest(
      ...([server, oauthClient, clientAuth(client), checked, redirectUri, codeVerifier, options] as const),
    );
    return await asTokens(server, oauthClient, response, authorization);
  } catch (error) {
    throw explain(error, host);
  }
}
