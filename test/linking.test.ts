import type { Way } from "@gatehouse/credentials/access";
import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { Era } from "@gatehouse/store/tables";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { type SdkServerOptions, startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { type ConnectedV1, connectV1 } from "@gatehouse/testing/client-v1";
import { type ConnectedV2, connectV2, V2Provider } from "@gatehouse/testing/client-v2";
import { startHouse } from "@gatehouse/testing/house";
import type { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { sql } from "kysely";
import { expect, test } from "vitest";

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]!.text;

type Linked = Awaited<ReturnType<typeof startLinkedHouse>>;

async function startLinkedHouse({ era = "modern", ...options }: SdkServerOptions & { era?: Era } = {}) {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer(options));
  const upstream = stack.use(await startWhoAmI(accounts));
  const house = stack.use(await startHouse({ egressAllow: [new URL(accounts.issuer).host] }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const endpoint = await house.addConnector(org, {
    ...{ slug: "notes", url: upstream.url, era, tools: [WHO_AM_I], access: [{ kind: "member-oauth" }] },
  });
  const opened = stack.move();
  const link = (as = "alice upstream") => linkAccount(linkFor(house, alice, endpoint), { person: alice, as });
  return { link, house, org, alice, endpoint, accounts, upstream, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const whoami = ({ client }: ConnectedV1 | ConnectedV2) => client.callTool({ name: "whoami", arguments: {} });

async function auditOf({ house, org }: Linked, event: string) {
  return withOrg(house.ownerDb, org.id, (scope) => listAudit(scope, { limit: 50, event }));
}

test("what a member links from its page is what their calls open the upstream with", async () => {
  await using linked = await startLinkedHouse();
  const { alice, endpoint } = linked;
  const page = await linked.link();
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining("is linked") });
  await using connected = await connectV2(endpoint.url, alice);
  expect(textOf(await whoami(connected))).toBe("alice upstream");
  expect(await auditOf(linked, "link.created")).toMatchObject([{ userId: alice.id, entry: { scope: "notes:read" } }]);
});

test("in the middle of a client's sign-in, after consent, the member is offered to link, and goes on to the client", async () => {
  await using linked = await startLinkedHouse();
  const { alice, endpoint } = linked;
  const provider = new V2Provider(alice);
  const { origin } = new URL(provider.redirectUrl);
  provider.state = () => "as the client made it";
  provider.redirectToAuthorization = async (url) => {
    const isEnd = (url: URL) => url.origin === origin;
    provider.callback = new URL((await linkAccount(url, { person: alice, as: "alice upstream", isEnd })).url);
  };
  await using connected = await connectV2(endpoint.url, alice, { provider });
  expect(textOf(await whoami(connected))).toBe("alice upstream");
});

test("a client that can open pages is asked to, and its call goes on by itself once the account is linked", async () => {
  await using linked = await startLinkedHouse();
  const { alice, endpoint } = linked;
  await using connected = await connectV2(endpoint.url, alice, { capabilities: { elicitation: { url: {} } } });
  const asked: string[] = [];
  connected.client.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push((params as { url: string }).url);
    setTimeout(() => void linkAccount(asked[0]!, { person: alice, as: "alice upstream" }), 300);
    return { action: "accept" };
  });
  expect(textOf(await whoami(connected))).toBe("alice upstream");
  expect(asked).toHaveLength(1);
});

test("a client that cannot is told in the tool's error where to link", async () => {
  await using linked = await startLinkedHouse();
  const { house, alice, endpoint } = linked;
  await using connected = await connectV2(endpoint.url, alice);
  const answer = await whoami(connected);
  expect(answer).toMatchObject({ isError: true });
  expect(textOf(answer)).toBe(
    `You have not linked your notes account yet. Open ${linkFor(house, alice, endpoint)} and call again.`,
  );
});

test("who has not linked yet is connected, sees the tools, and calls them once it is linked: in both eras at both edges", async () => {
  for (const era of ["legacy", "modern"] as const) {
    await using linked = await startLinkedHouse({ era });
    const { alice, endpoint } = linked;
    await using old = await connectV1(endpoint.url, alice);
    await using modern = await connectV2(endpoint.url, alice);
    for (const connected of [old, modern]) {
      expect((await connected.client.listTools()).tools.map(({ name }) => name)).toEqual(["whoami"]);
      expect(await whoami(connected)).toMatchObject({ isError: true });
    }
    await using leaving = await connectV1(endpoint.url, alice);
    await (leaving.client.transport as StreamableHTTPClientTransport).terminateSession();
    await linked.link();
    for (const connected of [old, modern]) expect(textOf(await whoami(connected))).toBe("alice upstream");
  }
}, 60_000);

test("an old client that can open pages is told of the page in the error that its version has for it", async () => {
  await using linked = await startLinkedHouse();
  const { house, alice, endpoint } = linked;
  await using connected = await connectV1(endpoint.url, alice, { capabilities: { elicitation: { url: {} } } });
  const error = await whoami(connected).catch((error) => error);
  expect(error).toMatchObject({
    code: -32042,
    data: { elicitations: [{ mode: "url", url: linkFor(house, alice, endpoint) }] },
  });
});

test("an access token that has run out is renewed before it is sent, and one that the upstream refuses is renewed once", async () => {
  await using linked = await startLinkedHouse({ expiresIn: 30 });
  const { alice, endpoint, accounts, upstream } = linked;
  await linked.link();
  await using connected = await connectV2(endpoint.url, alice);
  const before = accounts.refreshes;
  expect(textOf(await whoami(connected))).toBe("alice upstream");
  expect(accounts.refreshes).toBe(before + 1);
  accounts.expireAll();
  expect(textOf(await whoami(connected))).toBe("alice upstream");
  expect(upstream.authorizations.length).toBeGreaterThan(0);
});

test("when the upstream has ended the grant, calls say so, and so does the audit log, once", async () => {
  await using linked = await startLinkedHouse();
  const { alice, endpoint, accounts } = linked;
  await linked.link();
  await using connected = await connectV2(endpoint.url, alice);
  accounts.expireAll();
  accounts.endGrants();
  const answers = await Promise.all(Array.from({ length: 5 }, () => whoami(connected)));
  for (const answer of answers) {
    expect(answer).toMatchObject({ isError: true });
    expect(textOf(answer)).toMatch(/^The link to your notes account has ended, and has to be made anew\. Open http/);
  }
  expect(await auditOf(linked, "link.ended")).toHaveLength(1);
  const mails = () => linked.house.mails.map(({ to, subject }) => [to, subject]);
  await expect.poll(mails, { timeout: 10_000 }).toEqual([[alice.email, "Your notes account is no longer linked"]]);
  await linked.link("alice again");
  expect(textOf(await whoami(connected))).toBe("alice again");
});

test("what a member types in is tried once, kept where the upstream takes it, and opens it for them", async () => {
  const keys = new Map([["key of alice", "alice upstream"]]);
  await using upstream = await startWhoAmI({ issuer: "", whoIs: (key) => keys.get(key) ?? null }, { silent: true });
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const way = {
    kind: "member-secret",
    instructions: "Profile, API keys",
    as: { kind: "header", name: "authorization", template: "Bearer {secret}" },
  };
  const endpoint = await house.addConnector(org, {
    slug: "notes",
    url: upstream.url,
    tools: [WHO_AM_I],
    access: [way as Way],
  });
  const link = linkFor(house, alice, endpoint);
  const refused = await linkAccount(link, { person: alice, as: "made up" });
  expect(refused.text).toContain("Profile, API keys");
  expect(refused).toMatchObject({
    status: 422,
    text: expect.stringContaining("does not accept what you entered (HTTP 401)"),
  });
  expect((await sql`select 1 from credentials`.execute(house.ownerDb)).rows).toHaveLength(0);
  expect((await linkAccount(link, { person: alice, as: "key of alice" })).text).toContain("is linked");
  await using connected = await connectV2(endpoint.url, alice);
  expect(textOf(await whoami(connected))).toBe("alice upstream");
  const stored = await sql<{ text: string }>`select credentials::text from credentials`.execute(house.ownerDb);
  expect(JSON.stringify(stored.rows)).not.toContain(Buffer.from("key of alice").toString("hex"));
});

test("who leaves the org leaves no link behind: it is revoked upstream and destroyed", async () => {
  await using linked = await startLinkedHouse();
  const { house, org, alice, accounts } = linked;
  await linked.link();
  await withOrg(house.ownerDb, org.id, (scope) =>
    scope.db.deleteFrom("memberships").where("user_id", "=", alice.id).execute(),
  );
  await expect.poll(() => accounts.revoked.length, { timeout: 10_000 }).toBe(1);
  const left = async () =>
    (await sql`select 1 from credentials union all select 1 from upstream_revocations`.execute(house.ownerDb)).rows
      .length;
  await expect.poll(left, { timeout: 10_000 }).toBe(0);
});
