import type { IncomingMessage, ServerResponse } from "node:http";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { expect, test } from "vitest";
import { authorizationUrl, newSecrets, redeem } from "../src/client/authorize.ts";
import { connectLink, isMadeFor } from "../src/client/connect-link.ts";
import { discover } from "../src/client/discover.ts";
import { KNOWN_SERVICES } from "../src/client/known-services.ts";
import { ClientRefused, GrantEnded, refresh } from "../src/client/tokens.ts";

const upstream = {
  fetch: (url: string, init?: RequestInit) => fetch(url, { ...init, redirect: "manual" }),
  allowHttp: true,
};

type Answer = (request: IncomingMessage & { form: URLSearchParams }, response: ServerResponse) => void;

async function startServer(answers: Record<string, Answer>) {
  const asked: string[] = [];
  const loopback = await listenOnLoopback(async (req, res) => {
    asked.push(req.url!);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const answer = answers[req.url!];
    if (answer) answer(Object.assign(req, { form }), res);
    else res.writeHead(404).end();
  });
  return { ...loopback, asked, [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose]() };
}

const json = (res: ServerResponse, value: unknown, status = 200) =>
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));

const client = { clientId: "gatehouse", clientSecret: "secret", authMethod: "client_secret_post" as const };
const redirectUri = "http://localhost/connect/callback/1";

async function redeemAt(token: Answer, options: { scopeDelimiter?: string } = {}) {
  await using started = await startServer({ "/token": token });
  const { origin } = started;
  const server = { issuer: origin, authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` };
  const secrets = newSecrets();
  const answer = new URLSearchParams({ code: "code", state: secrets.state });
  return await redeem(
    { server, client, redirectUri, resource: null, scopes: ["a"], ...options },
    secrets,
    answer,
    upstream,
  );
}

test("a service that puts the person's token one level down is understood", async () => {
  const person = { access_token: "xoxp-person", scope: "channels:read,users:read", token_type: "user" };
  const tokens = await redeemAt((_req, res) => json(res, { ok: true, authed_user: { id: "U1", ...person } }), {
    scopeDelimiter: ",",
  });
  expect(tokens).toMatchObject({
    accessToken: "xoxp-person",
    scopes: ["channels:read", "users:read"],
    expiresAt: null,
  });
});

test("an error with status 200 is an error", async () => {
  const told = { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." };
  await expect(redeemAt((_req, res) => json(res, told))).rejects.toThrow("The code passed is incorrect or expired.");
});

test("what a server is told of a code holds the verifier and the redirect URI", async () => {
  let form = new URLSearchParams();
  await redeemAt((req, res) => {
    form = req.form;
    json(res, { access_token: "token", token_type: "Bearer", expires_in: "3600" });
  });
  expect(Object.fromEntries(form)).toMatchObject({
    ...{ grant_type: "authorization_code", code: "code", redirect_uri: redirectUri },
    ...{ code_verifier: expect.stringMatching(/^[\w-]{43}$/), client_id: "gatehouse", client_secret: "secret" },
  });
});

async function refreshAt(answer: Answer) {
  await using started = await startServer({ "/token": answer });
  const server = { issuer: started.origin, token_endpoint: `${started.origin}/token` };
  return await refresh({ server, client, refreshToken: "old", resource: "https://api.example" }, upstream);
}

test("a refresh token that is not replaced goes on serving", async () => {
  const tokens = await refreshAt((_req, res) => json(res, { access_token: "new", token_type: "bearer" }));
  expect(tokens).toMatchObject({ accessToken: "new", refreshToken: "old" });
});

test("a grant that has ended, a client that is not known, and a server that stumbles are told apart", async () => {
  const refuse =
    (error: string, status = 400): Answer =>
    (_req, res) =>
      json(res, { error }, status);
  await expect(refreshAt(refuse("invalid_grant"))).rejects.toBeInstanceOf(GrantEnded);
  await expect(refreshAt(refuse("invalid_client", 401))).rejects.toBeInstanceOf(ClientRefused);
  const stumbled = await refreshAt(refuse("server_error", 500)).catch((error) => error);
  expect(stumbled).not.toBeInstanceOf(GrantEnded);
  expect(stumbled.code).toBe("upstream_failed");
});

test("each known service is asked with PKCE, its own parameters and its own way to write scopes", async () => {
  for (const { server, scopes, origins, ...service } of Object.values(KNOWN_SERVICES)) {
    const request = { ...service, server, client, redirectUri, resource: null, scopes };
    const url = await authorizationUrl(request, newSecrets(), { allowHttp: false });
    const { scopeParameter = "scope", scopeDelimiter = " ", extraParameters = {} } = service;
    expect(url.searchParams.get("code_challenge_method")).toBe("S256");
    expect(url.searchParams.get(scopeParameter) ?? "").toBe(scopes.join(scopeDelimiter));
    for (const [name, value] of Object.entries(extraParameters)) expect(url.searchParams.get(name)).toBe(value);
    for (const origin of origins) expect(new URL(origin).origin).toBe(origin);
  }
});

test("the authorization server is looked for at every well-known address, in the order of the specification", async () => {
  await using started = await startServer({
    "/.well-known/oauth-protected-resource/mcp": (req, res) =>
      json(res, {
        resource: `http://${req.headers.host}/mcp`,
        authorization_servers: [`http://${req.headers.host}/tenant`],
      }),
    "/tenant/.well-known/openid-configuration": (req, res) =>
      json(res, {
        issuer: `http://${req.headers.host}/tenant`,
        authorization_endpoint: `http://${req.headers.host}/authorize`,
        token_endpoint: `http://${req.headers.host}/token`,
        code_challenge_methods_supported: ["S256"],
        scopes_supported: ["offline_access"],
      }),
  });
  const found = await discover(new URL(`${started.origin}/mcp`), upstream);
  expect(found).toMatchObject({ resource: `${started.origin}/mcp`, scopes: ["offline_access"] });
  expect(started.asked).toEqual([
    "/mcp",
    "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server/tenant",
    "/.well-known/openid-configuration/tenant",
    "/tenant/.well-known/openid-configuration",
  ]);
});

test("metadata of a resource that the endpoint is no part of is refused", async () => {
  await using started = await startServer({
    "/.well-known/oauth-protected-resource/mcp": (_req, res) =>
      json(res, { resource: "https://other.example/mcp", authorization_servers: ["https://other.example"] }),
  });
  await expect(discover(new URL(`${started.origin}/mcp`), upstream)).rejects.toThrow("is for another server");
});

test("a connect link is made for one member and one connector", () => {
  const whose = { connectorId: "1", userId: "alice" };
  const link = new URL(
    connectLink(
      { publicUrl: new URL("https://gate.example"), key: "key" },
      { org: "acme", connector: "notes", ...whose },
    ),
  );
  const mark = link.searchParams.get("for")!;
  expect(link.href).not.toContain("alice");
  expect(isMadeFor("key", whose, mark)).toBe(true);
  expect(isMadeFor("key", { ...whose, userId: "bob" }, mark)).toBe(false);
  expect(isMadeFor("key", { ...whose, connectorId: "2" }, mark)).toBe(false);
  expect(isMadeFor("other key", whose, mark)).toBe(false);
  expect(isMadeFor("key", whose, undefined)).toBe(false);
});
