import { text } from "node:stream/consumers";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { resumeOrg, suspendOrg } from "@gatehouse/store/suspensions";
import { createLogger } from "@gatehouse/telemetry/log";
import { linkAccount } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI } from "@gatehouse/testing/accounts/whoami";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startHouse } from "@gatehouse/testing/house";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { renewStaleVerdicts } from "../server/probe/renew-verdicts.ts";
import { signIn } from "./signed-in.ts";

const NOTES = "/api/orgs/acme/connectors/notes";
const MEMBERS_OWN = { access: [{ kind: "member-oauth" }] };

/** An owner, and a server that shows nothing but to those who have an account at its authorization server. */
async function startGuarded({ silent = false } = {}) {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer());
  const upstream = stack.use(await startWhoAmI(accounts, { silent }));
  const house = stack.use(await startHouse({ egressAllow: ["127.0.0.1", "localhost"] }));
  const org = await house.addOrg({ slug: "acme" });
  const olive = await house.addMember(org, { email: "olive@acme.example", role: "owner" });
  const send = await signIn(house, olive);
  const register = (more: object) =>
    send("POST", "/api/orgs/acme/connectors", { name: "Notes", slug: "notes", url: upstream.url, ...more });
  const read = async () => (await send("GET", NOTES)).json;
  const check = () => send("POST", `${NOTES}/probe`);
  const link = async () => linkAccount((await read()).ownLink.connectUrl, { person: olive, as: "olive upstream" });
  const opened = stack.move();
  const given = { accounts, upstream, house, org, olive, send, register, read, check, link };
  return { ...given, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("who registers a server that wants each member's own account is told whose", async () => {
  await using guarded = await startGuarded();
  const { json, status } = await guarded.register({});
  const { host } = new URL(guarded.accounts.issuer);
  expect(status).toBe(422);
  expect(json).toMatchObject({
    signsIn: host,
    fields: { url: `This server wants each member's own account at ${host}` },
  });
});

test("an owner links their own account, is back at the connector, and has the server looked at with it", async () => {
  await using guarded = await startGuarded();
  const { house, upstream } = guarded;
  expect((await guarded.register(MEMBERS_OWN)).json).toMatchObject({ seen: false, tools: 0 });
  expect(await guarded.read()).toMatchObject({ seen: false, tools: { total: 0 }, ownLink: { status: null } });
  const refused = await guarded.check();
  expect(refused.status).toBe(409);
  expect(refused.json.detail).toBe(
    "Notes shows its tools only to who has an account there. Link your own, and check again.",
  );

  expect((await guarded.link()).url).toBe(`${house.url}/dashboard/acme/connectors/notes`);
  expect((await guarded.check()).json).toMatchObject({ era: "modern", added: ["whoami"] });
  const tools = { total: 1, offered: 1 };
  expect(await guarded.read()).toMatchObject({ seen: true, era: "modern", tools, ownLink: { status: "live" } });
  const [whoami] = (await guarded.send("GET", `${NOTES}/tools`)).json.tools;
  expect(whoami).toMatchObject({ name: "whoami", offered: true, classification: null });
  expect(upstream.authorizations.at(-1)).toMatch(/^Bearer /);
});

test("a link that the upstream takes no more is renewed for the look, and where it cannot be, the owner is told", async () => {
  await using guarded = await startGuarded();
  const { accounts } = guarded;
  await guarded.register(MEMBERS_OWN);
  await guarded.link();
  accounts.expireAll();
  expect((await guarded.check()).status).toBe(200);
  expect(accounts.refreshes).toBe(1);
  accounts.expireAll();
  accounts.endGrants();
  expect((await guarded.check()).json.detail).toBe(
    "Notes no longer lets you in with the account that you have linked. Link it anew.",
  );
  expect(await guarded.read()).toMatchObject({ ownLink: { status: "broken" } });
});

test("nobody's account is used for what nobody asked for, an org that is suspended looks at no upstream, and a change of scopes loses no tool", async () => {
  await using guarded = await startGuarded();
  const { house, upstream, send } = guarded;
  await guarded.register(MEMBERS_OWN);
  await guarded.link();
  await guarded.check();
  const count = upstream.authorizations.length;
  const age = () =>
    withOrg(house.ownerDb, guarded.org.id, ({ db }) =>
      sql`update connectors set probed_at = now() - interval '2 days', probe_begun_at = now() - interval '2 days'`.execute(
        db,
      ),
    );
  await age();
  await using db = openDatabase(house.access, "gatehouse_dashboard");
  const log = createLogger({ level: "silent" });
  const { egress } = house.house;
  const renew = () => renewStaleVerdicts({ db, egress, vault: house.vault, log }, new AbortController().signal);
  await withOrg(house.ownerDb, guarded.org.id, suspendOrg);
  await renew();
  expect(upstream.authorizations).toHaveLength(count);
  await withOrg(house.ownerDb, guarded.org.id, resumeOrg);
  await age();
  await renew();
  expect(new Set(upstream.authorizations.slice(count))).toEqual(new Set([undefined]));

  await send("DELETE", "/api/orgs/acme/links/notes");
  const access = [{ kind: "member-oauth", scopes: ["notes:read"] }];
  expect((await send("PUT", `${NOTES}/upstream`, { url: upstream.url, access })).status).toBe(200);
  expect(await guarded.read()).toMatchObject({ seen: true, era: "modern", tools: { total: 1 } });
});

/** In front of an upstream: wants a key of whoever asks for more than its metadata. */
function startKeyed(upstream: { url: string }) {
  const { origin } = new URL(upstream.url);
  const keyed = listenOnLoopback(async (req, res) => {
    const isOpen = req.url!.startsWith("/.well-known/") || req.headers["x-api-key"] === "s3cret";
    if (!isOpen) return void res.writeHead(401).end();
    const headers = Object.entries(req.headers).filter(([name]) => !/^(host|connection|content-length)$/.test(name));
    const answer = await fetch(new URL(req.url!, origin), {
      ...{ method: req.method!, headers: headers as [string, string][] },
      ...(req.method === "POST" ? { body: await text(req) } : {}),
    });
    const type = answer.headers.get("content-type") ?? "text/plain";
    const body = (await answer.text()).replaceAll(origin, (await keyed).origin);
    res.writeHead(answer.status, { "content-type": type }).end(body);
  });
  return keyed;
}

test("a server that wants the org's credential and a member's account is looked at with both", async () => {
  await using guarded = await startGuarded();
  await using keyed = await startKeyed(guarded.upstream);
  const access = [{ kind: "header", name: "X-Api-Key" }, { kind: "member-oauth" }];
  const secrets = { "header x-api-key": { secret: "s3cret" } };
  const registered = await guarded.register({ url: `${keyed.origin}/mcp`, access, secrets });
  expect(registered.json).toMatchObject({ seen: false });
  expect((await guarded.check()).json.detail).toMatch(/Link your own/);
  await guarded.link();
  expect((await guarded.check()).json).toMatchObject({ era: "modern", added: ["whoami"] });
});

test("a server that says nowhere who signs its people in is not registered for that", async () => {
  await using guarded = await startGuarded({ silent: true });
  const { json } = await guarded.register(MEMBERS_OWN);
  expect(json.fields["access.0.service"]).toMatch(/Choose who signs them in/);
});
