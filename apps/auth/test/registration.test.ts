import { sql } from "kysely";
import { expect, test } from "vitest";
import { AuthorizationRequest, authorize, connect, redeem, signIn, startAuthAlone } from "./auth-alone.ts";

test("a registration without an auth method is a public client's, and gets no secret", async () => {
  await using house = await startAuthAlone();
  const { status, json } = await house.register();
  expect(status).toBe(201);
  expect(json.token_endpoint_auth_method).toBe("none");
  expect(json).not.toHaveProperty("client_secret");
});

test.each(["client_secret_post", "client_secret_basic"])(
  "a client that asks for %s gets a secret, and needs it",
  async (method) => {
    await using house = await startAuthAlone();
    const org = await house.addOrg("acme");
    const resource = await house.addConnector(org, "everything");
    const ada = await house.addMember(org, "ada");
    const { json: client } = await house.register({ token_endpoint_auth_method: method });
    const { client_id: clientId, client_secret: secret } = client;
    const { code, request } = await authorize(house, ada, { client_id: clientId, resource });
    const without = await redeem(house, { clientId, code, request });
    expect([without.status, without.json.error]).toEqual([401, "invalid_client"]);
    expect((await redeem(house, { clientId, code, request, client_secret: `${secret}x` })).status).toBe(401);
    expect((await redeem(house, { clientId, code, request, client_secret: secret })).status).toBe(200);
  },
);

test("what other servers have and this one has not is left out of a registration, not refused", async () => {
  await using house = await startAuthAlone();
  const { status, json } = await house.register({
    scope: "mcp:read repo:write offline_access",
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    response_types: ["code", "code token"],
    id_token_signed_response_alg: "RS256",
    made_up: true,
  });
  expect(status).toBe(201);
  expect(json).toMatchObject({
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  });
  expect(json.scope ?? "").not.toContain("repo:write");
  expect(json).not.toHaveProperty("made_up");
});

test.each([
  ["http://evil.example/cb", {}],
  ["http://evil.example/cb", { application_type: "web" }],
  ["javascript:alert(1)", {}],
  ["data:text/html,x", {}],
  ["vbscript:x", {}],
  ["file:///etc/passwd", {}],
  ["https://app.example/cb#fragment", {}],
  ["http://localhost.evil.example/cb", {}],
  ["http://localhost@evil.example/cb", {}],
  ["not a url", {}],
])("a registration with the redirect URI %s is refused %o", async (redirectUri, more) => {
  await using house = await startAuthAlone();
  const { status, json } = await house.register({ redirect_uris: [redirectUri], ...more });
  expect([status, json.error]).toEqual([400, "invalid_redirect_uri"]);
});

test.each([
  ["https://app.example/cb", "web"],
  ["http://localhost/callback", "native"],
  ["http://127.0.0.1:3118/callback", "native"],
  ["http://[::1]/callback", "native"],
  ["cursor://anysphere.cursor-mcp/oauth/callback", "native"],
])("a client that redirects to %s is %s, whatever it says itself", async (redirectUri, type) => {
  await using house = await startAuthAlone();
  const opposite = type === "web" ? "native" : "web";
  const { status, json } = await house.register({ redirect_uris: [redirectUri], application_type: opposite });
  expect([status, json.application_type]).toEqual([201, type]);
});

test("a name that turns the text direction, or has control characters, is refused", async () => {
  await using house = await startAuthAlone();
  for (const name of ["Claude\u202egpj.exe", "a\u2066b", "bell\u0007", "nul\u0000", "x".repeat(101)]) {
    const { status, json } = await house.register({ client_name: name });
    expect([status, json.error], name).toEqual([400, "invalid_client_metadata"]);
  }
  expect((await house.register({ client_name: "Großartig 🎉 アプリ" })).status).toBe(201);
});

test("a name with HTML in it is shown as text", async () => {
  await using house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const { json: client } = await house.register({ client_name: `<img src=x onerror="alert(1)">` });
  const form = await ada.browser.open(new AuthorizationRequest(house, { client_id: client.client_id, resource }).url);
  const consent = await signIn(ada, form);
  for (const { text } of [form, consent]) {
    expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(text).not.toContain("<img");
  }
});

test("one client's registration token does not open another's registration", async () => {
  await using house = await startAuthAlone();
  const [{ json: one }, { json: other }] = await Promise.all([house.register(), house.register()]);
  const read = (client: { client_id: string }, token: string) =>
    house.get(`/oauth/register/${client.client_id}`, { authorization: `Bearer ${token}` });
  expect((await read(one, one.registration_access_token)).status).toBe(200);
  expect((await read(other, one.registration_access_token)).status).toBe(401);
});

test("bodies that are no registration are refused", async () => {
  await using house = await startAuthAlone();
  const send = async (body: string, type = "application/json") => {
    const answer = await fetch(`${house.url}/oauth/register`, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    return answer.status;
  };
  expect(await send("{")).toBe(400);
  expect(await send("[]")).toBe(400);
  expect(await send("null")).toBe(400);
  expect(await send("{}", "text/plain")).toBe(400);
  expect(await send(JSON.stringify({ client_name: "x".repeat(100_000), redirect_uris: ["https://a.example/"] }))).toBe(
    400,
  );
  expect(await send(JSON.stringify({ redirect_uris: ["https://a.example/"], client_name: "half \ud800" }))).toBe(201);
  expect(house.errors()).toEqual([]);
});

test("a client that nobody consented to is gone after a day; one in use stays", async () => {
  await using house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const { json: unused } = await house.register();
  const used = await connect(house, ada, resource);
  await sql`update oidc_records set expires_at = expires_at - interval '25 hours'`.execute(house.ownerDb);
  const ask = async (clientId: string) => {
    const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: "x" };
    return (await house.post("/oauth/token", form)).json.error;
  };
  expect(await ask(unused.client_id)).toBe("invalid_client");
  expect(await ask(used.clientId)).toBe("invalid_grant");
});
