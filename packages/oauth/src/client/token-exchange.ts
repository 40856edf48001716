import * as oauth from "oauth4webapi";
import type { ClientCredentialsRequest } from "./client-credentials.ts";
import { clientAuth } from "./register.ts";
import { asTokens, type Tokens } from "./tokens.ts";
import { checkedAddress, explain, requestOptions, type Upstream } from "./upstream.ts";

export interface TokenExchangeRequest extends ClientCredentialsRequest {
  /** A JWT that says whom the token is for. */
  subjectToken: string;
  audience?: string | undefined;
}

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange";

/** RFC 8693 §2: a token for whoever the subject token names. */
export async function exchangeToken(request: TokenExchangeRequest, upstream: Upstream): Promise<Tokens> {
  const { tokenEndpoint, clientId, scopes, resource, audience, subjectToken } = request;
  const { origin, host } = checkedAddress(tokenEndpoint, "The token endpoint", upstream);
  const server = { issuer: origin, token_endpoint: tokenEndpoint };
  const client = { client_id: clientId };
  const parameters = {
    subject_token: subjectToken,
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
    ...(resource ? { resource } : {}),
    ...(audience ? { audience } : {}),
  };
  const options = requestOptions<URLSearchParams>(upstream);
  try {
    const asked = [server, client, clientAuth(request), GRANT_TYPE, parameters, options] as const;
    return await asTokens(server, client, await oauth.genericTokenEndpointRequest(...asked), {});
  } catch (error) {
    throw explain(error, host);
  }
}
