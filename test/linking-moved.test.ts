import { text } from "node:stream/consumers";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { signIn } from "../apps/dashboard/test/signed-in.ts";
import { bearer, callTool, post } from "../apps/gateway/test/client.ts";

/** An authorization server that gives everybody what it is called, and remembers all that it is sent. */
async function startIssuer(name: string) {
  const sent: string[] = [];
  const json = (value: unknown, status = 200) => ({ status, body: JSON.stringify(value), headers: {} });
  const loopback = await listenOnLoopback(async (req, res) => {
    const url = new URL(req.url!, loopback.origin);
    sent.push(`${req.method} ${req.url} ${JSON.stringify(req.headers)} ${await text(req)}`);
    const back = new URL(url.searchParams.get("redirect_uri") ?? loopback.origin);
    back.search = String(new URLSearchParams({ code: "code", state: url.searchParams.get("state") ?? "" }));
    const answers: Record<string, { status: number; body?: string; headers: Record<string, string> }> = {
      "/.well-known/oauth-authorization-server": json({
        issuer: server.issuer,
        authorization_endpoint: `${server.issuer}/authorize`,
        token_endpoint: server.tokenEndpoint,
        registration_endpoint: `${server.issuer}/register`,
        code_challenge_methods_supported: ["S256"],
      }),
      "/register": json({ client_id: `${name}-client`, client_secret: `${name}-secret`, redirect_uris: [] }, 201),
      "/authorize": { status: 302, headers: { location: back.href } },
      "/token": json({ access_token: name, refresh_token: `${name}-refresh`, token_type: "bearer", expires_in: 1 }),
    };
    const { status, body, headers } = answers[url.pathname] ?? { status: 404, headers: {} };
    res.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
  });
  const server = { issuer: loopback.origin, tokenEndpoint: `${loopback.origin}/token`, sent };
  return Object.assign(server, { [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose]() });
}

test("an app's secret goes to no other revocation endpoint than its owner had named when they entered it", async () => {
  await using old = await startIssuer("old");
  await using elsewhere = await startIssuer("new");
  await using upstream = await startWhoAmI({ issuer: old.issuer, whoIs: (token) => token }, { silent: true });
  await using house = await startHouse({ egressAllow: ["127.0.0.1"] });
  const org = await house.addOrg({ slug: "acme" });
  const owner = await signIn(house, await house.addMember(org, { email: "olive@acme.example", role: "owner" }));
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const revokedAt = ({ issuer }: { issuer: string }) => ({
    ...{ kind: "member-oauth" as const, scopes: ["all"] },
    server: {
      ...{ authorizationEndpoint: `${old.issuer}/authorize`, tokenEndpoint: old.tokenEndpoint },
      revocationEndpoint: `${issuer}/revoke`,
    },
  });
  const access = [revokedAt(old)];
  const endpoint = await house.addConnector(org, { slug: "notes", url: upstream.url, tools: [WHO_AM_I], access });
  const app = { clientId: "app", clientSecret: "app-secret" };
  const enter = () => owner("PUT", "/api/orgs/acme/connectors/notes/linked/app", app);
  const link = () => linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice" });
  expect((await enter()).status).toBe(204);
  expect((await link()).text).toContain("is linked");

  await sql`update connectors set access = ${JSON.stringify([revokedAt(elsewhere)])}`.execute(house.ownerDb);
  expect((await link()).text).toContain("no OAuth app");
  // What was linked before is not revoked with what is entered now.
  expect((await enter()).status).toBe(204);
  await sql`delete from credentials`.execute(house.ownerDb);
  const rows = () => sql`select 1 from upstream_revocations`.execute(house.ownerDb).then(({ rows }) => rows.length);
  await expect.poll(rows, { timeout: 5000 }).toBe(0);
  expect([...old.sent, ...elsewhere.sent].join()).not.toContain("/revoke");
});

test.each(["token endpoint", "issuer"])(
  "an upstream whose %s moves gets nothing there that was stored for the old one",
  async (what) => {
    await using old = await startIssuer("old");
    await using elsewhere = await startIssuer("new");
    const accounts = { issuer: old.issuer, whoIs: (token: string) => token };
    await using upstream = await startWhoAmI(accounts);
    await using house = await startHouse({ egressAllow: ["127.0.0.1"] });
    const org = await house.addOrg({ slug: "acme" });
    const alice = await house.addMember(org, { email: "alice@acme.example" });
    const access = [{ kind: "member-oauth" as const }];
    const endpoint = await house.addConnector(org, { slug: "notes", url: upstream.url, tools: [WHO_AM_I], access });
    const link = () => linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice" });
    expect((await link()).text).toContain("is linked");

    if (what === "issuer") accounts.issuer = elsewhere.issuer;
    else old.tokenEndpoint = elsewhere.tokenEndpoint;
    const { accessToken } = await tokenFor(alice, endpoint.url);
    const before = old.sent.length;
    expect((await post(endpoint.url, callTool("whoami"), bearer(accessToken))).status).toBe(200);
    expect(old.sent.slice(before).join(), "renewed where it was made").toContain("old-refresh");
    expect(elsewhere.sent).toEqual([]);

    expect((await link()).text, "linked anew").toContain("is linked");
    expect(elsewhere.sent.join()).toContain("grant_type=authorization_code");
    expect(elsewhere.sent.join()).not.toMatch(/old-(secret|refresh)/);
    expect(elsewhere.sent.join()).not.toContain(btoa("old-client:old-secret"));
  },
);
