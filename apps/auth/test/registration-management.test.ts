import { withOrg } from "@gatehouse/store/database";
import { listGrants } from "@gatehouse/store/grants";
import { expect, test } from "vitest";
import { type AuthAlone, authorize, connect, REDIRECT_URI, redeem, refresh, startAuthAlone } from "./auth-alone.ts";

// RFC 7592: what a client that registered itself may do with its registration.

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  return Object.assign(house, { org, resource, ada });
}

interface Registered {
  registration_client_uri: string;
  registration_access_token: string;
}

async function manage(client: Registered, method: string, metadata?: Record<string, unknown>) {
  const answer = await fetch(client.registration_client_uri, {
    method,
    headers: { authorization: `Bearer ${client.registration_access_token}`, "content-type": "application/json" },
    ...(metadata ? { body: JSON.stringify(metadata) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, json: text ? JSON.parse(text) : undefined };
}

test("a client reads and changes its registration, and keeps its management token", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register();
  expect(client.registration_client_uri).toBe(`${house.url}/oauth/register/${client.client_id}`);
  const read = await manage(client, "GET");
  expect([read.status, read.json.client_name]).toEqual([200, "A test client"]);
  const { client_id } = client;
  const changed = await manage(client, "PUT", {
    client_id,
    client_name: "Renamed",
    redirect_uris: [REDIRECT_URI, "http://127.0.0.1/other"],
  });
  expect(changed.status).toBe(200);
  expect(changed.json).toMatchObject({
    client_name: "Renamed",
    token_endpoint_auth_method: "none",
    registration_access_token: client.registration_access_token,
  });
  expect(changed.json).not.toHaveProperty("client_secret");
  expect((await manage(client, "GET")).json.redirect_uris).toHaveLength(2);
});

test("a confidential client is told its secret again, and keeps it when it changes", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register({ token_endpoint_auth_method: "client_secret_post" });
  const { client_id, client_secret } = client;
  expect((await manage(client, "GET")).json.client_secret).toBe(client_secret);
  const change = { client_id, redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: "client_secret_post" };
  expect((await manage(client, "PUT", { ...change, client_secret: "guessed" })).status).toBe(400);
  const { status, json } = await manage(client, "PUT", { ...change, client_secret });
  expect([status, json.client_secret]).toEqual([200, client_secret]);
  const parameters = { client_id, resource: house.resource };
  const { code, request } = await authorize(house, house.ada, parameters);
  expect((await redeem(house, { clientId: client_id, code, request, client_secret })).status).toBe(200);
});

test.each([
  ["another's client_id", (other: string) => ({ client_id: other, redirect_uris: [REDIRECT_URI] }), "invalid_request"],
  ["no client_id", () => ({ redirect_uris: [REDIRECT_URI] }), "invalid_request"],
  [
    "a registration token",
    (_: string, own: string) => ({ client_id: own, redirect_uris: [REDIRECT_URI], registration_access_token: "x" }),
    "invalid_request",
  ],
  [
    "a remote http redirect",
    (_: string, own: string) => ({ client_id: own, redirect_uris: ["http://evil.example/cb"] }),
    "invalid_redirect_uri",
  ],
  [
    "a deceptive name",
    (_: string, own: string) => ({ client_id: own, redirect_uris: [REDIRECT_URI], client_name: "Claude\u202e" }),
    "invalid_client_metadata",
  ],
])("a change with %s is refused, and changes nothing", async (_, metadata, error) => {
  await using house = await startAcme();
  const [{ json: one }, { json: other }] = await Promise.all([house.register(), house.register()]);
  const refused = await manage(one, "PUT", metadata(other.client_id, one.client_id));
  expect([refused.status, refused.json.error]).toEqual([400, error]);
  expect((await manage(one, "GET")).json).toMatchObject({
    client_name: "A test client",
    redirect_uris: [REDIRECT_URI],
  });
});

test("one client's registration token neither reads, changes nor removes another's registration", async () => {
  await using house = await startAcme();
  for (const method of ["GET", "PUT", "DELETE"]) {
    const [{ json: one }, { json: other }] = await Promise.all([house.register(), house.register()]);
    const forged = { ...other, registration_access_token: one.registration_access_token };
    const body = { client_id: other.client_id, client_name: "Mine now", redirect_uris: [REDIRECT_URI] };
    expect((await manage(forged, method, method === "PUT" ? body : undefined)).status).toBe(401);
    expect((await manage(other, "GET")).json.client_name).toBe("A test client");
  }
});

test("a client that changes where it is sent needs consent anew, and renews nothing until then", async () => {
  await using house = await startAcme();
  const redirect_uri = "https://app.example/cb";
  const { json: client } = await house.register({ redirect_uris: [redirect_uri] });
  const parameters = { client_id: client.client_id, resource: house.resource, redirect_uri };
  const { client_id: clientId } = parameters;
  const { code, request } = await authorize(house, house.ada, parameters);
  const { json: tokens } = await redeem(house, { clientId, code, request, redirect_uri });
  const again = () => house.ada.browser.open(authorizationUrl(house, parameters));
  expect((await again()).left?.searchParams.get("code")).toEqual(expect.any(String));
  const redirect_uris = [redirect_uri, "https://other.example/cb"];
  expect(
    (await manage(client, "PUT", { client_id: client.client_id, client_name: "A test client", redirect_uris })).status,
  ).toBe(200);
  expect((await again()).text).toContain('name="decision"');
  const { status, json } = await refresh(house, clientId, tokens.refresh_token);
  expect([status, json.error]).toEqual([400, "invalid_grant"]);
});

function authorizationUrl(house: AuthAlone, parameters: Record<string, string>): URL {
  const url = new URL("/oauth/authorize", house.publicUrl);
  const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
  const all = { response_type: "code", code_challenge: challenge, code_challenge_method: "S256", ...parameters };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return url;
}

test("a client that removes itself is gone: its tokens are dead, and the org's audit says so", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register();
  const parameters = { client_id: client.client_id, resource: house.resource };
  const { code, request } = await authorize(house, house.ada, parameters);
  const { json: tokens } = await redeem(house, { clientId: client.client_id, code, request });
  expect((await manage(client, "DELETE")).status).toBe(204);
  const { status, json } = await refresh(house, client.client_id, tokens.refresh_token);
  expect([status, json.error]).toEqual([401, "invalid_client"]);
  expect(await withOrg(house.ownerDb, house.org.id, (org) => listGrants(org))).toEqual([]);
  expect((await house.audit(house.org)).at(-1)).toMatchObject({
    event: "grant.revoked",
    userId: house.ada.id,
    entry: { client: client.client_id, reason: "client_deleted" },
  });
  expect((await manage(client, "GET")).status).toBe(401);
});

test("software that registers twice can use both", async () => {
  await using house = await startAcme();
  const [one, two] = [await connect(house, house.ada, house.resource), await connect(house, house.ada, house.resource)];
  expect(one.clientId).not.toBe(two.clientId);
  for (const { clientId, tokens } of [one, two]) {
    expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
  }
});

test("a browser's client reaches its registration from its own origin", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register();
  const answer = await fetch(client.registration_client_uri, {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "PUT" },
  });
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("access-control-allow-methods")).toContain("PUT");
});
