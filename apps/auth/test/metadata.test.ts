import * as oidc from "openid-client";
import { expect, test } from "vitest";
import { startAuthAlone } from "./auth-alone.ts";

const METADATA = "/.well-known/oauth-authorization-server";
const EVIL = { origin: "https://evil.example" };

test("the metadata is the same at both of its addresses, and says what this server does and nothing else", async () => {
  await using house = await startAuthAlone();
  const { json: metadata } = await house.get(METADATA);
  expect((await house.get("/.well-known/openid-configuration")).json).toEqual(metadata);
  expect(metadata).toMatchObject({
    issuer: house.publicUrl.origin,
    authorization_endpoint: `${house.url}/oauth/authorize`,
    token_endpoint: `${house.url}/oauth/token`,
    registration_endpoint: `${house.url}/oauth/register`,
    revocation_endpoint: `${house.url}/oauth/revoke`,
    jwks_uri: `${house.url}/oauth/jwks`,
    userinfo_endpoint: `${house.url}/oauth/userinfo`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    id_token_signing_alg_values_supported: ["ES256"],
  });
  expect(metadata.token_endpoint_auth_methods_supported).toContain("none");
  expect(metadata.scopes_supported).toEqual(expect.arrayContaining(["mcp:read", "mcp:write"]));
});

test("where clients look besides, at an endpoint's own path, there is no other issuer", async () => {
  await using house = await startAuthAlone({ apps: ["auth", "gateway"] });
  const endpoint = "/acme/notes/mcp";
  for (const path of [
    METADATA + endpoint,
    `/.well-known/openid-configuration${endpoint}`,
    `${endpoint}/.well-known/openid-configuration`,
  ]) {
    expect((await house.get(path)).status, path).toBe(404);
  }
  const { json } = await house.get(`/.well-known/oauth-protected-resource${endpoint}`);
  expect(json.authorization_servers).toEqual([house.publicUrl.origin]);
});

test("every endpoint that the metadata names answers", async () => {
  await using house = await startAuthAlone();
  const { json: metadata } = await house.get(METADATA);
  const endpoints = Object.entries(metadata).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name));
  for (const [name, url] of endpoints as [string, string][]) {
    const answers = [await fetch(url, { redirect: "manual" }), await fetch(url, { method: "POST" })];
    expect(
      answers.some(({ status }) => status !== 404 && status < 500),
      name,
    ).toBe(true);
  }
});

test("a standard OpenID Connect client discovers it, and the keys are public halves", async () => {
  await using house = await startAuthAlone();
  const found = await oidc.discovery(house.publicUrl, "any", undefined, undefined, {
    execute: [oidc.allowInsecureRequests],
  });
  expect(found.serverMetadata().issuer).toBe(house.url);
  const { json } = await house.get("/oauth/jwks");
  // That which signs, the one that signs next, and the one that tells upstreams who calls.
  expect(json.keys).toHaveLength(3);
  expect(json.keys[0]).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", use: "sig" });
  for (const key of json.keys) expect(key).not.toHaveProperty("d");
});

test("forwarded headers from a stranger change no URL", async () => {
  await using house = await startAuthAlone();
  const forwarded = {
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    forwarded: "host=evil.example",
  };
  expect((await house.get(METADATA, forwarded)).json).toEqual((await house.get(METADATA)).json);
  const registered = await fetch(`${house.url}/oauth/register`, {
    method: "POST",
    headers: { ...forwarded, "content-type": "application/json" },
    body: JSON.stringify({ redirect_uris: ["https://app.example/cb"] }),
  });
  const client = (await registered.json()) as { registration_client_uri: string };
  expect(client.registration_client_uri).toMatch(`${house.url}/oauth/register/`);
});

test("browser-based clients of any origin may register and ask for tokens, without credentials", async () => {
  await using house = await startAuthAlone();
  for (const path of [METADATA, "/oauth/token", "/oauth/register", "/oauth/revoke"]) {
    const headers = {
      ...EVIL,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const preflight = await fetch(house.url + path, { method: "OPTIONS", headers });
    expect(preflight.status, path).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin"), path).toBe("*");
    expect(preflight.headers.get("access-control-allow-credentials"), path).toBeNull();
  }
  const failed = await house.post("/oauth/token", { grant_type: "authorization_code", client_id: "nobody" }, EVIL);
  expect(failed.status).toBe(401);
  expect(failed.headers.get("access-control-allow-origin")).toBe("*");
});

test("no other origin's script reads the pages that a person sees", async () => {
  await using house = await startAuthAlone();
  for (const path of ["/oauth/authorize?client_id=x", "/oauth/interaction/x", "/oauth/logout"]) {
    expect((await house.get(path, EVIL)).headers.get("access-control-allow-origin"), path).toBeNull();
  }
});
