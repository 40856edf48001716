import { decodeJwt, decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import {
  type AuthAlone,
  AuthorizationRequest,
  authorize,
  connect,
  type Member,
  redeem,
  signIn,
  startAuthAlone,
} from "./auth-alone.ts";
import { Browser } from "./browser.ts";

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const { json: client } = await house.register();
  return Object.assign(house, { org, resource, ada, clientId: client.client_id as string });
}

/** The error that the client is told of. */
async function errorOf(house: AuthAlone, member: Member, parameters: Record<string, string | undefined>) {
  const { answer, request } = await authorize(house, member, parameters);
  expect(answer?.searchParams.get("code")).toBeNull();
  expect(answer?.searchParams.get("state")).toBe(request.state);
  expect(answer?.searchParams.get("iss")).toBe(house.url);
  return answer?.searchParams.get("error");
}

test("a member signs in, consents, and the client gets a token for that one endpoint", async () => {
  await using house = await startAcme();
  const { tokens, clientId } = await connect(house, house.ada, house.resource);
  expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 1800, scope: "mcp:read mcp:write" });
  expect(tokens.refresh_token).toEqual(expect.any(String));
  expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: "ES256", typ: "at+jwt" });
  const claims = decodeJwt(tokens.access_token);
  expect(claims).toMatchObject({
    iss: house.url,
    sub: house.ada.id,
    aud: house.resource,
    client_id: clientId,
    scope: "mcp:read mcp:write",
    org: house.org.id,
  });
  expect(claims.exp! - claims.iat!).toBe(1800);
  const events = (await house.audit(house.org)).map(({ event, outcome, userId }) => ({ event, outcome, userId }));
  const row = (event: string) => ({ event, outcome: "ok", userId: house.ada.id });
  expect(events).toEqual([row("sign_in"), row("consent.granted"), row("token.issued")]);
  expect(house.errors()).toEqual([]);
});

test("two members of an org get tokens of their own", async () => {
  await using house = await startAcme();
  const bob = await house.addMember(house.org, "bob");
  const [hers, his] = await Promise.all([house.ada, bob].map((member) => connect(house, member, house.resource)));
  expect(decodeJwt(hers!.tokens.access_token).sub).toBe(house.ada.id);
  expect(decodeJwt(his!.tokens.access_token).sub).toBe(bob.id);
  expect(decodeJwt(hers!.tokens.access_token).grant).not.toBe(decodeJwt(his!.tokens.access_token).grant);
});

test("the answer carries iss and state", async () => {
  await using house = await startAcme();
  const { answer, request } = await authorize(house, house.ada, {
    client_id: house.clientId,
    resource: house.resource,
  });
  expect(answer.searchParams.get("iss")).toBe(house.url);
  expect(answer.searchParams.get("state")).toBe(request.state);
});

test.each([
  ["absent", { code_challenge: undefined, code_challenge_method: undefined }],
  ["plain", { code_challenge_method: "plain" }],
  ["without a method", { code_challenge_method: undefined }],
  ["a method without a challenge", { code_challenge: undefined }],
])("PKCE %s: an error and no code", async (_, parameters) => {
  await using house = await startAcme();
  const request = { client_id: house.clientId, resource: house.resource, ...parameters };
  expect(await errorOf(house, house.ada, request)).toBe("invalid_request");
});

test("the wrong code_verifier, or none: no token", async () => {
  await using house = await startAcme();
  const { clientId, resource } = house;
  for (const wrong of [{ code_verifier: "a".repeat(43) }, { code_verifier: "" }]) {
    const { code, request } = await authorize(house, house.ada, { client_id: clientId, resource });
    const answer = await redeem(house, { clientId, code, request, resource, ...wrong });
    expect([answer.status, answer.json.error]).toEqual([400, "invalid_grant"]);
  }
});

const REGISTERED = "https://app.example/cb?from=gatehouse";

test.each([
  ["another path", "https://app.example/cb2?from=gatehouse"],
  ["another query", "https://app.example/cb?from=elsewhere"],
  ["userinfo", "https://app.example@evil.example/cb?from=gatehouse"],
  ["a subdomain", "https://evil.app.example/cb?from=gatehouse"],
  ["another case", "https://app.example/CB?from=gatehouse"],
  ["a slash more", "https://app.example/cb/?from=gatehouse"],
  ["a fragment", "https://app.example/cb?from=gatehouse#x"],
  ["another scheme", "http://app.example/cb?from=gatehouse"],
  ["a port", "https://app.example:444/cb?from=gatehouse"],
  ["dot segments", "https://app.example/x/../cb?from=gatehouse"],
  ["a script", "javascript:alert(1)"],
])("a redirect_uri changed by %s gets an error page, never a redirect", async (_, redirectUri) => {
  await using house = await startAcme();
  const { json: client } = await house.register({ redirect_uris: [REGISTERED] });
  const parameters = { client_id: client.client_id, resource: house.resource, redirect_uri: redirectUri };
  const page = await house.ada.browser.open(new AuthorizationRequest(house, parameters).url);
  expect(page.status).toBe(400);
  expect(page.left).toBeNull();
  expect(page.text).toContain("not registered");
  expect(page.text).not.toContain("<script");
  expect(page.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
});

test("a registered loopback address passes with any port", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register({
    redirect_uris: ["http://localhost/callback", "http://127.0.0.1/cb"],
  });
  for (const redirectUri of [
    "http://localhost:1/callback",
    "http://localhost:65535/callback",
    "http://127.0.0.1:8/cb",
  ]) {
    const parameters = { client_id: client.client_id, resource: house.resource, redirect_uri: redirectUri };
    const { answer, code } = await authorize(house, house.ada, parameters);
    expect(answer.href).toMatch(redirectUri);
    expect(code).not.toBe("");
  }
});

test.each([
  "http://localhost:3000/other",
  "https://localhost:3000/callback",
  "http://localhost.evil.example:3000/callback",
  "http://127.0.0.1:3000/callback",
  "http://localhost@evil.example/callback",
])("the registered loopback address does not let %s pass", async (redirectUri) => {
  await using house = await startAcme();
  const { json: client } = await house.register({ redirect_uris: ["http://localhost/callback"] });
  const parameters = { client_id: client.client_id, resource: house.resource, redirect_uri: redirectUri };
  const page = await house.ada.browser.open(new AuthorizationRequest(house, parameters).url);
  expect([page.status, page.left]).toEqual([400, null]);
});

test("a resource is found whatever its trailing slash and capitals, and by its address for HTTP+SSE; the token names it canonically", async () => {
  await using house = await startAcme();
  const { host } = house.publicUrl;
  const spellings = [`${house.resource}/`, house.resource.replace(host, host.toUpperCase())];
  for (const resource of [...spellings, house.resource.replace(/mcp$/, "sse")]) {
    const { tokens } = await connect(house, house.ada, resource);
    expect(decodeJwt(tokens.access_token).aud).toBe(house.resource);
  }
});

test("a resource with a fragment, a query, of another origin or shape, twice or missing: invalid_target", async () => {
  await using house = await startAcme();
  const { resource, clientId, url } = house;
  const wrong = [
    `${resource}#x`,
    resource.replace(/mcp$/, "messages"),
    `${resource}?x=1`,
    "https://evil.example/acme/everything/mcp",
    `${url}/`,
    "acme",
    undefined,
  ];
  for (const resource of wrong) {
    const { browser } = house.ada;
    const page = await browser.open(new AuthorizationRequest(house, { client_id: clientId, resource }).url);
    expect(page.left?.searchParams.get("error"), resource).toBe("invalid_target");
  }
  const twice = new AuthorizationRequest(house, { client_id: clientId, resource }).url;
  twice.searchParams.append("resource", `${url}/acme/other/mcp`);
  expect((await house.ada.browser.open(twice)).left.searchParams.get("error")).toBe("invalid_target");
});

test("unknown org, unknown connector and another org's endpoint: the same sign-in, then the same invalid_target", async () => {
  await using house = await startAcme();
  const other = await house.addOrg("globex");
  const theirs = await house.addConnector(other, "secrets");
  const descriptions = new Set<string | null>();
  for (const resource of [theirs, `${house.url}/nobody/secrets/mcp`, `${house.url}/acme/nothing/mcp`]) {
    const browser = new Browser(house.publicUrl);
    const request = new AuthorizationRequest(house, { client_id: house.clientId, resource });
    const page = await browser.open(request.url);
    expect([page.status, page.text.includes('name="email"')]).toEqual([200, true]);
    const { left } = await signIn({ ...house.ada, browser }, page);
    expect(left.searchParams.get("error")).toBe("invalid_target");
    expect(left.searchParams.get("state")).toBe(request.state);
    descriptions.add(left.searchParams.get("error_description"));
  }
  expect(descriptions.size).toBe(1);
  expect(await house.audit(other)).toEqual([]);
});

test("a resource widened at the token endpoint: invalid_target", async () => {
  await using house = await startAcme();
  const wider = await house.addConnector(house.org, "more");
  const { clientId, resource } = house;
  const { code, request } = await authorize(house, house.ada, { client_id: clientId, resource });
  const answer = await redeem(house, { clientId, code, request, resource: wider });
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_target"]);
});

test("a client that names no scope, or only scopes of other servers, asks for all of ours", async () => {
  await using house = await startAcme();
  for (const scope of [undefined, "offline_access", "openid repo:read"]) {
    const { clientId, resource } = house;
    const { code, request } = await authorize(house, house.ada, { client_id: clientId, resource, scope });
    const { json } = await redeem(house, { clientId, code, request, resource });
    expect(decodeJwt(json.access_token).scope, scope).toBe("mcp:read mcp:write");
  }
});

test("a client gets the scope that it asks for, and the endpoint also where the token request leaves it out", async () => {
  await using house = await startAcme();
  const { clientId, resource } = house;
  const { code, request } = await authorize(house, house.ada, {
    client_id: clientId,
    resource,
    scope: "openid mcp:read",
  });
  const { json } = await redeem(house, { clientId, code, request });
  expect(decodeJwt(json.access_token)).toMatchObject({ scope: "mcp:read", aud: resource });
});

test("the dashboard signs people in without asking for consent, and learns who they are", async () => {
  await using house = await startAcme();
  const request = new AuthorizationRequest(house, {
    client_id: "dashboard",
    redirect_uri: `${house.url}/dashboard/callback`,
    scope: "openid email profile",
    nonce: "n",
  });
  const callback = new URL("/dashboard/callback", house.url);
  const page = await signIn(house.ada, await house.ada.browser.open(request.url));
  expect(page.url.pathname).toBe(callback.pathname);
  const { json } = await redeem(house, {
    clientId: "dashboard",
    code: page.url.searchParams.get("code")!,
    request,
    redirect_uri: callback.href,
  });
  expect(decodeJwt(json.id_token)).toMatchObject({ sub: house.ada.id, aud: "dashboard", nonce: "n", iss: house.url });
  expect(json.refresh_token).toBeUndefined();
  const userinfo = await house.get("/oauth/userinfo", { authorization: `Bearer ${json.access_token}` });
  expect(userinfo.json).toEqual({ sub: house.ada.id, email: house.ada.email, name: "ada" });
});
