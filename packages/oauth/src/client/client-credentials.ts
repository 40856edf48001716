import * as oauth from "oauth4webapi";
import { type AuthMethod, clientAuth } from "./register.ts";
import { asTokens, type Tokens } from "./tokens.ts";
import { checkedAddress, explain, requestOptions, type Upstream } from "./upstream.ts";

export interface ClientCredentialsRequest {
  tokenEndpoint: string;
  clientId: string;
  clientSecret: string;
  authMethod: AuthMethod;
  scopes: string[];
  /** RFC 8707. */
  resource?: string | undefined;
}

/** RFC 6749 §4.4: a token for the client itself. Only the token endpoint is known of the server. */
export async function requestClientToken(request: ClientCredentialsRequest, upstream: Upstream): Promise<Tokens> {
  const { tokenEndpoint, clientId, scopes, resource } = request;
  const { origin, host } = checkedAddress(tokenEndpoint, "The token endpoint", upstream);
  const server = { issuer: origin, token_endpoint: tokenEndpoint };
  const parameters = { ...(scopes.length ? { scope: scopes.join(" ") } : {}), ...(resource ? { resource } : {}) };
  const client = { client_id: clientId };
  try {
    const response = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      clientAuth(request),
      parameters,
      requestOptions(upstream),
    );
    return await asTokens(server, client, response, {});
  } catch (error) {
    throw explain(error, host);
  }
}
