import { listAudit, NO_ORG } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Mail } from "@gatehouse/store/mails";
import { insertOwnClient } from "@gatehouse/store/own-clients";
import { listRevokedGrants } from "@gatehouse/store/revocations";
import { createLogger } from "@gatehouse/telemetry/log";
import type { TestHouseOptions } from "@gatehouse/testing/house";
import { decodeJwt } from "jose";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { openTally } from "../src/tally.ts";
import { type AuthAlone, authorize, connect, redeem, refresh, startAuthAlone } from "./auth-alone.ts";

async function startAcme(options: TestHouseOptions = {}) {
  const house = await startAuthAlone(options);
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "everything");
  const ada = await house.addMember(org, "ada");
  return Object.assign(house, {
    org,
    resource,
    ada,
    revokedGrants: () => withOrg(house.ownerDb, org.id, listRevokedGrants),
    events: async () => (await house.audit(org)).map(({ event }) => event),
  });
}

/** As if everything that was used had been used a minute and a second earlier. */
async function letGracePass({ ownerDb }: AuthAlone): Promise<void> {
  await sql`update oidc_records set consumed_at = consumed_at - interval '61 seconds'`.execute(ownerDb);
}

const grantOf = (tokens: { access_token: string }) => decodeJwt(tokens.access_token).grant as string;

test("a code twice: invalid_grant, and the tokens of its grant are dead", async () => {
  await using house = await startAcme();
  const { clientId, code, request, tokens } = await connect(house, house.ada, house.resource);
  for (const { entry } of await house.audit(house.org)) {
    expect(entry).toMatchObject({ address: "127.0.0.1", trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  }
  const again = await redeem(house, { clientId, code, request });
  expect([again.status, again.json.error]).toEqual([400, "invalid_grant"]);
  expect(await house.revokedGrants()).toEqual([grantOf(tokens)]);
  const refreshed = await refresh(house, clientId, tokens.refresh_token);
  expect([refreshed.status, refreshed.json.error]).toEqual([400, "invalid_grant"]);
  expect((await house.audit(house.org)).at(-1)).toMatchObject({
    event: "grant.revoked",
    userId: house.ada.id,
    entry: { reason: "code_reused", client: clientId },
  });
});

test("one code raced for by many: at most one gets tokens, and the grant is dead", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register();
  const clientId = client.client_id;
  const { code, request } = await authorize(house, house.ada, { client_id: clientId, resource: house.resource });
  const answers = await Promise.all(Array.from({ length: 6 }, () => redeem(house, { clientId, code, request })));
  expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  expect(await house.revokedGrants()).toHaveLength(1);
});

test("four processes that race on one refresh token all go on working", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const first = await Promise.all([1, 2, 3, 4].map(() => refresh(house, clientId, tokens.refresh_token)));
  expect(first.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(new Set(first.map(({ json }) => json.refresh_token)).size).toBe(4);
  const second = await Promise.all(first.map(({ json }) => refresh(house, clientId, json.refresh_token)));
  expect(second.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await house.revokedGrants()).toEqual([]);
});

test("a refresh token again after the grace: the family is revoked, and the audit tells", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const { json: newer } = await refresh(house, clientId, tokens.refresh_token);
  await letGracePass(house);
  const reused = await refresh(house, clientId, tokens.refresh_token);
  expect([reused.status, reused.json.error]).toEqual([400, "invalid_grant"]);
  const successor = await refresh(house, clientId, newer.refresh_token);
  expect([successor.status, successor.json.error]).toEqual([400, "invalid_grant"]);
  expect(await house.revokedGrants()).toEqual([grantOf(tokens)]);
  expect((await house.events()).slice(-2)).toEqual(["refresh.reused", "grant.revoked"]);
});

test("a refresh token again after the grace: its member hears of it by mail, once", async () => {
  const mails: Mail[] = [];
  await using house = await startAcme({ showMail: (mail) => void mails.push(mail) });
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  await refresh(house, clientId, tokens.refresh_token);
  await letGracePass(house);
  await Promise.all([1, 2, 3].map(() => refresh(house, clientId, tokens.refresh_token)));
  await expect.poll(() => mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ to: house.ada.email, subject: "A test client was disconnected from acme Inc." });
  expect(mails[0]!.text).toContain(house.resource);
  expect((await house.events()).filter((event) => event === "refresh.reused")).toHaveLength(1);
});

test("the grace counts from the first use, however often the token comes within it", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  await refresh(house, clientId, tokens.refresh_token);
  await sql`update oidc_records set consumed_at = consumed_at - interval '40 seconds'`.execute(house.ownerDb);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
  await sql`update oidc_records set consumed_at = consumed_at - interval '21 seconds'`.execute(house.ownerDb);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(400);
});

test("a refresh without scope keeps the scope; a narrower one is given; a wider one is an error", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register();
  const clientId = client.client_id;
  const parameters = { client_id: clientId, resource: house.resource };
  const wide = await authorize(house, house.ada, parameters);
  const { json: all } = await redeem(house, { clientId, ...wide });
  const { json: kept } = await refresh(house, clientId, all.refresh_token);
  expect(decodeJwt(kept.access_token)).toMatchObject({ scope: "mcp:read mcp:write", aud: house.resource });
  const { json: narrower } = await refresh(house, clientId, kept.refresh_token, { scope: "mcp:read" });
  expect(decodeJwt(narrower.access_token).scope).toBe("mcp:read");

  const narrow = await authorize(house, house.ada, { ...parameters, scope: "mcp:read" });
  const { json: few } = await redeem(house, { clientId, ...narrow });
  const wider = await refresh(house, clientId, few.refresh_token, { scope: "mcp:read mcp:write" });
  expect([wider.status, wider.json.error]).toEqual([400, "invalid_scope"]);
});

test("a refresh token with another client, or for another endpoint: an error, and nothing is lost", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const { json: other } = await house.register();
  const elsewhere = await house.addConnector(house.org, "other");
  const stolen = await refresh(house, other.client_id, tokens.refresh_token);
  expect([stolen.status, stolen.json.error]).toEqual([400, "invalid_grant"]);
  const widened = await refresh(house, clientId, tokens.refresh_token, { resource: elsewhere });
  expect([widened.status, widened.json.error]).toEqual([400, "invalid_target"]);
  for (let times = 0; times < 3; times++) await refresh(house, other.client_id, tokens.refresh_token);
  const refused = async () => (await house.audit(house.org)).filter(({ event }) => event === "token.refused");
  const of = { client: clientId, grant: grantOf(tokens), grant_type: "refresh_token", address: "127.0.0.1" };
  const expected = ["invalid_grant", "invalid_target"].map((outcome) => ({
    ...{ outcome, userId: house.ada.id, connectorId: expect.any(String), entry: { ...of, count: 1 } },
  }));
  await expect.poll(refused).toMatchObject(expected);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
});

test.each(["refresh_token", "access_token"])("revoking the %s ends the grant", async (kind) => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const answer = await house.post("/oauth/revoke", { client_id: clientId, token: tokens[kind] });
  expect([answer.status, answer.text]).toEqual([200, ""]);
  expect(await house.revokedGrants()).toEqual([grantOf(tokens)]);
  expect((await refresh(house, clientId, tokens.refresh_token)).json.error).toBe("invalid_grant");
  expect((await house.audit(house.org)).at(-1)).toMatchObject({
    event: "grant.revoked",
    entry: { reason: "revoked_by_client" },
  });
});

test("no client revokes another's tokens, and no one revokes with a forged one", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  const { json: other } = await house.register();
  const forged = `${tokens.access_token.slice(0, -8)}AAAAAAAA`;
  for (const [client_id, token] of [
    [other.client_id, tokens.refresh_token],
    [other.client_id, tokens.access_token],
    [clientId, forged],
  ]) {
    expect((await house.post("/oauth/revoke", { client_id, token })).status).toBe(200);
  }
  expect((await house.post("/oauth/revoke", { client_id: "nobody", token: tokens.access_token })).status).toBe(401);
  expect(await house.revokedGrants()).toEqual([]);
  expect((await refresh(house, clientId, tokens.refresh_token)).status).toBe(200);
});

test("whoever is not a member any more gets no new token", async () => {
  await using house = await startAcme();
  const { clientId, tokens } = await connect(house, house.ada, house.resource);
  await sql`delete from memberships where user_id = ${house.ada.id}`.execute(house.ownerDb);
  const answer = await refresh(house, clientId, tokens.refresh_token);
  expect([answer.status, answer.json.error]).toEqual([400, "invalid_grant"]);
});

test("a client that is not there any more: 401 invalid_client; a refresh token that never was: invalid_grant", async () => {
  await using house = await startAcme();
  const { clientId } = await connect(house, house.ada, house.resource);
  expect((await refresh(house, clientId, "never")).json.error).toBe("invalid_grant");
  await sql`delete from oidc_records where model = 'Client'`.execute(house.ownerDb);
  const gone = await refresh(house, "0b9c5f6e-0000-4000-8000-000000000000", "never");
  expect([gone.status, gone.json.error]).toEqual([401, "invalid_client"]);

  const id = "own-test";
  const secret = { tokenEndpointAuthMethod: "client_secret_post" as const, secretHash: Buffer.alloc(32) };
  await withOrg(house.ownerDb, house.org.id, (scope) =>
    insertOwnClient(scope, { id, name: "Own", redirectUris: ["https://own.example/"], ...secret }),
  );
  await refresh(house, id, "never", { client_secret: "wrong" });
  await expect
    .poll(async () => (await house.audit(house.org)).at(-1))
    .toMatchObject({ event: "token.refused", outcome: "invalid_client", entry: { client: id, count: 1 } });
  const strangers = () => withOrg(house.ownerDb, NO_ORG, (scope) => listAudit(scope, { limit: 9, event }));
  const event = "strangers.refused";
  await expect
    .poll(async () => (await strangers()).map(({ outcome }) => outcome))
    .toEqual(["invalid_client", "invalid_grant"]);
});

test("of a flood of refusals, the first is told, and then how many followed", async () => {
  const told: unknown[] = [];
  const tally = openTally({ log: createLogger({ level: "silent" }) });
  for (const cause of ["one", "another", "one", "one"])
    tally.note(cause, async (count) => void told.push([cause, count]));
  await tally[Symbol.asyncDispose]();
  expect(told).toEqual([
    ["one", 1],
    ["another", 1],
    ["one", 2],
  ]);
});

test("the table holds no token, code, id or secret that opens anything", async () => {
  await using house = await startAcme();
  const { json: client } = await house.register({ token_endpoint_auth_method: "client_secret_post" });
  const { code, request } = await authorize(house, house.ada, {
    client_id: client.client_id,
    resource: house.resource,
  });
  const form = { clientId: client.client_id, code, request, client_secret: client.client_secret };
  const { json: tokens } = await redeem(house, form);
  await house.ada.browser.open(request.url);
  const { rows } = await sql<{ row: string }>`select to_jsonb(r)::text as row from oidc_records r`.execute(
    house.ownerDb,
  );
  const dump = rows.map(({ row }) => row).join("\n");
  const cookies = house.ada.browser.cookies().map((cookie) => cookie.split("=")[1]!);
  expect(cookies.length).toBeGreaterThan(1);
  const secrets = [
    code,
    tokens.refresh_token,
    tokens.access_token,
    client.client_secret,
    client.registration_access_token,
  ];
  for (const secret of [...secrets, ...cookies]) {
    expect(dump.includes(secret) || house.log.join("\n").includes(secret), secret).toBe(false);
  }
});
