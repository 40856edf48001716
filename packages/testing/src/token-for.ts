import { createHash, randomBytes } from "node:crypto";
import type { Person } from "./house.ts";
import { signIn } from "./sign-in.ts";

export interface TokenRequest {
  /** Space-separated. */
  scope?: string;
  /** A client that is registered already. */
  clientId?: string;
}

/** What the token endpoint answered (RFC 6749 §5.1), and which client asked. */
export interface Tokens {
  accessToken: string;
  refreshToken: string;
  scope: string;
  clientId: string;
}

const REDIRECT_URI = "http://localhost:41018/callback";

/** The shortest way to `person`'s tokens for an MCP endpoint: registers a client, signs in, consents. */
export async function tokenFor(
  person: Person,
  endpointUrl: string,
  { scope = "mcp:read mcp:write", clientId }: TokenRequest = {},
): Promise<Tokens> {
  const issuer = new URL(endpointUrl).origin;
  const server = await readJson(await fetch(`${issuer}/.well-known/oauth-authorization-server`));
  const client = clientId ?? (await registerClient(server.registration_endpoint as string));
  const verifier = randomBytes(32).toString("base64url");
  const callback = await signIn(
    withQuery(server.authorization_endpoint as string, {
      ...{ client_id: client, response_type: "code", redirect_uri: REDIRECT_URI, scope, resource: endpointUrl },
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }),
    person,
  );
  const code = callback.searchParams.get("code");
  if (!code) throw new Error(`No code: ${callback.search}`);
  const grant = { grant_type: "authorization_code", code, redirect_uri: REDIRECT_URI, code_verifier: verifier };
  const body = new URLSearchParams({ ...grant, client_id: client, resource: endpointUrl });
  const tokens = await readJson(await fetch(server.token_endpoint as string, { method: "POST", body }));
  return {
    accessToken: tokens.access_token as string,
    refreshToken: tokens.refresh_token as string,
    scope: tokens.scope as string,
    clientId: client,
  };
}

async function registerClient(registrationEndpoint: string): Promise<string> {
  const response = await fetch(registrationEndpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Test client",
      redirect_uris: [REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: "none",
    }),
  });
  return (await readJson(response)).client_id as string;
}

function withQuery(address: string, parameters: Record<string, string>): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

async function readJson(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status} from ${response.url}: ${text}`);
  return JSON.parse(text);
}
