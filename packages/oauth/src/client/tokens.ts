import { Fault } from "@gatehouse/faults";
import { decodeJwt } from "jose";
import * as oauth from "oauth4webapi";
import type { AuthorizationServer } from "./discover.ts";
import { type Client, clientAuth } from "./register.ts";
import { explain, requestOptions, type Upstream } from "./upstream.ts";

export interface Tokens {
  accessToken: string;
  /** `null` where the server gave none. */
  refreshToken: string | null;
  /** `null` where the server does not say. */
  expiresAt: Date | null;
  /** `null` where the server says that it granted what was asked for, by saying nothing (RFC 6749 §5.1). */
  scopes: string[] | null;
  /** What the person is called there; `null` where the server does not say. */
  label: string | null;
}

/** The server says that this refresh token will never serve again: the member has to link the account anew. */
export class GrantEnded extends Fault {
  constructor(detail: string, cause: unknown) {
    super("upstream_failed", detail, { cause });
  }
}

/** The server does not know Gatehouse any more, by what it proves itself with: the grant may be as good as ever. */
export class ClientRefused extends Fault {
  constructor(detail: string, cause: unknown) {
    super("upstream_failed", detail, { cause });
  }
}

/** Errors of RFC 6749 §5.2, and of services that have their own words. */
const GRANT_ERRORS = new Set(["invalid_grant", "bad_refresh_token"]);
const CLIENT_ERRORS = new Set(["invalid_client", "unauthorized_client"]);

export interface Renewal {
  server: Pick<AuthorizationServer, "issuer" | "token_endpoint">;
  client: Client;
  refreshToken: string;
  resource: string | null;
  scopeDelimiter?: string | undefined;
}

/** RFC 6749 §6. Throws `GrantEnded`, `ClientRefused`, and other faults where it may be tried again. */
export async function refresh(renewal: Renewal, upstream: Upstream): Promise<Tokens> {
  const { server, client, refreshToken, resource } = renewal;
  const options = { ...requestOptions(upstream), ...(resource === null ? {} : { additionalParameters: { resource } }) };
  const oauthClient = { client_id: client.clientId };
  const { host } = new URL(server.token_endpoint);
  try {
    const request = [server, oauthClient, clientAuth(client), refreshToken, options] as const;
    const response = await oauth.refreshTokenGrantRequest(...request);
    const tokens = await asTokens(server, oauthClient, response, renewal);
    return { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken };
  } catch (error) {
    const fault = explain(error, host);
    if (isOf(GRANT_ERRORS, error)) throw new GrantEnded(fault.message, error);
    if (isOf(CLIENT_ERRORS, error) || isUnauthorized(error)) throw new ClientRefused(fault.message, error);
    throw fault;
  }
}

const isOf = (errors: ReadonlySet<string>, error: unknown) =>
  error instanceof oauth.ResponseBodyError && errors.has(error.error);

const isUnauthorized = (error: unknown) => error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401;

/** RFC 7009. The refresh token, where there is one: with it the server ends all that follows from it (§2.1). */
export async function revoke(
  server: AuthorizationServer,
  client: Client,
  { accessToken, refreshToken }: Pick<Tokens, "accessToken" | "refreshToken">,
  upstream: Upstream,
): Promise<void> {
  if (!server.revocation_endpoint) return;
  const hint = refreshToken === null ? "access_token" : "refresh_token";
  const options = { ...requestOptions(upstream), additionalParameters: { token_type_hint: hint } };
  const token = refreshToken ?? accessToken;
  try {
    const request = [server, { client_id: client.clientId }, clientAuth(client), token, options] as const;
    await oauth.processRevocationResponse(await oauth.revocationRequest(...request));
  } catch (error) {
    throw explain(error, new URL(server.revocation_endpoint).host);
  }
}

/** A token response (RFC 6749 §5.1). */
export async function asTokens(
  server: Pick<AuthorizationServer, "issuer">,
  client: oauth.Client,
  response: Response,
  { scopeDelimiter = " " }: { scopeDelimiter?: string | undefined },
): Promise<Tokens> {
  const { response: straight, idToken } = await straightened(response);
  const answer = await oauth.processGenericTokenEndpointResponse(server, client, straight);
  const { access_token, refresh_token, expires_in, scope } = answer;
  if (answer.token_type !== "bearer") {
    throw new Fault("upstream_failed", "The upstream gives out tokens that are not bearer tokens");
  }
  return {
    accessToken: access_token,
    refreshToken: refresh_token ?? null,
    expiresAt: expires_in === undefined ? null : new Date(Date.now() + expires_in * 1000),
    scopes: scope === undefined ? null : scope.split(scopeDelimiter).filter(Boolean),
    label: nameIn(idToken),
  };
}

/** From the server itself, over its own TLS, and for nothing but to be shown: the signature is not looked at. */
function nameIn(idToken: unknown): string | null {
  try {
    const { email, preferred_username, name } = decodeJwt(String(idToken));
    const given = [email, preferred_username, name].find((claim) => typeof claim === "string");
    return given ? (given as string).slice(0, 200) : null;
  } catch {
    return null;
  }
}

/**
 * What known services do otherwise than RFC 6749 §5 says: errors with status 200 (GitHub, Slack), the person's token one
 * level down (Slack), `token_type` of their own.
 */
async function straightened(response: Response): Promise<{ response: Response; idToken?: unknown }> {
  const text = await response.text();
  const { status, headers } = response;
  const body = parseObject(text);
  if (!body) return { response: new Response(text, { status, headers }) };
  const { id_token: idToken, authed_user: person, ...rest } = body;
  const answer: Record<string, unknown> = rest.access_token === undefined && isObject(person) ? person : rest;
  if (answer.access_token !== undefined && !/^(bearer|dpop|mac)$/i.test(String(answer.token_type ?? ""))) {
    answer.token_type = "bearer";
  }
  for (const name of ["refresh_token", "expires_in", "scope"]) if (answer[name] === null) delete answer[name];
  const failed = status === 200 && typeof answer.error === "string" && answer.access_token === undefined;
  return { response: Response.json(answer, { status: failed ? 400 : status }), idToken };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
