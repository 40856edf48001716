import { withOrg } from "@gatehouse/store/database";
import { removeMember } from "@gatehouse/store/members";
import { suspendOrg } from "@gatehouse/store/suspensions";
import { expect, test } from "vitest";
import { connect, startAuthAlone } from "./auth-alone.ts";

async function startAcme() {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  const secret = house.vault.derive("introspection");
  const asGateway = { authorization: `Basic ${btoa(`gatehouse-gateway:${encodeURIComponent(secret)}`)}` };
  const introspect = (token: string, headers: Record<string, string> = asGateway, form = {}) =>
    house.post("/oauth/introspect", { token, ...form }, headers);
  return Object.assign(house, { org, resource, ada, introspect });
}

test("our own resource server is told what an access token and a refresh token are worth", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const access = await house.introspect(tokens.access_token);
  expect([access.status, access.json]).toMatchObject([
    200,
    {
      ...{ active: true, token_type: "Bearer", iss: house.url, sub: house.ada.id, aud: house.resource },
      ...{ client_id: clientId, scope: "mcp:read mcp:write", org: house.org.id },
    },
  ]);
  expect((await house.introspect(tokens.refresh_token)).json).toMatchObject({ active: true, client_id: clientId });
});

test.each([
  ["revoked", (house) => house.post("/oauth/revoke", house.held)],
  [
    "of a member who is none any more",
    (house) => withOrg(house.ownerDb, house.org.id, (scope) => removeMember(scope, house.ada.id)),
  ],
  ["of an org that is suspended", (house) => withOrg(house.ownerDb, house.org.id, suspendOrg)],
] as [string, (house: Awaited<ReturnType<typeof startAcme>> & { held: Record<string, string> }) => Promise<unknown>][])(
  "a token %s is not active",
  async (_what, end) => {
    await using house = await startAcme();
    const { clientId, tokens } = await connect(house, house.ada, house.resource);
    await end(Object.assign(house, { held: { client_id: clientId, token: tokens.access_token } }));
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      expect((await house.introspect(token)).json).toEqual({ active: false });
    }
  },
);

test("what is no token of ours is not active", async () => {
  await using house = await startAcme();
  const { tokens } = await connect(house, house.ada, house.resource);
  for (const token of ["never", "a.b.c", `${tokens.access_token.slice(0, -8)}AAAAAAAA`]) {
    expect((await house.introspect(token)).json).toEqual({ active: false });
  }
});

test("nobody else is told anything: neither a client of its own token, nor whoever guesses at the secret", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  for (const token of [tokens.access_token, tokens.refresh_token]) {
    expect((await house.introspect(token, {}, { client_id: clientId })).json).toEqual({ active: false });
    const guessed = { authorization: `Basic ${btoa("gatehouse-gateway:guess")}` };
    expect((await house.introspect(token, guessed)).status).toBe(401);
    expect((await house.introspect(token, {}, { client_id: "gatehouse-gateway" })).status).toBe(401);
    expect((await house.introspect(token, {})).status).toBe(400);
  }
});

test("the resource server can neither sign anybody in nor get a token", async () => {
  await using house = await startAcme();
  const query = new URLSearchParams({
    client_id: "gatehouse-gateway",
    response_type: "code",
    redirect_uri: "https://a.example/",
  });
  const answer = await house.get(`/oauth/authorize?${query}`);
  expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
});
