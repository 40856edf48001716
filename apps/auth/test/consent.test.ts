import { withOrg } from "@gatehouse/store/database";
import { deleteGrant, listGrants } from "@gatehouse/store/grants";
import { decodeJwt } from "jose";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { AuthorizationRequest, authorize, type Member, redeem, refresh, signIn, startAuthAlone } from "./auth-alone.ts";
import { Browser, type Page } from "./browser.ts";

const WEB_CALLBACK = "https://app.example/callback";

type Classification = "read" | "write" | null;

const tool = (name: string, classification: Classification, offered = true) => ({
  ...{ name, inputSchema: { type: "object" }, classification, offered },
});

async function startAcme({ redirectUris = [WEB_CALLBACK] } = {}) {
  const house = await startAuthAlone();
  const org = await house.addOrg("acme");
  const resource = await house.addConnector(org, "notes");
  const ada = await house.addMember(org, "ada");
  const { json: client } = await house.register({ redirect_uris: redirectUris });
  const parameters = { client_id: client.client_id as string, resource, redirect_uri: redirectUris[0]! };

  async function addTools(...tools: ReturnType<typeof tool>[]): Promise<void> {
    const { rows } = await sql<{ id: string }>`select id from connectors where slug = 'notes'`.execute(house.ownerDb);
    for (const { classification, offered, ...definition } of tools) {
      await sql`insert into tools (org_id, connector_id, name, definition, classification, offered)
        values (${org.id}, ${rows[0]!.id}, ${definition.name}, ${definition}, ${classification}, ${offered})`.execute(
        house.ownerDb,
      );
    }
  }

  return Object.assign(house, {
    ...{ org, resource, ada, parameters, addTools },
    begin: (more = {}) => new AuthorizationRequest(house, { ...parameters, ...more }),
    /** In a browser that has never been here before. */
    inAnotherBrowser: (): Member => ({ ...ada, browser: new Browser(house.publicUrl) }),
    grants: () => withOrg(house.ownerDb, org.id, (scope) => listGrants(scope)),
  });
}

type Acme = Awaited<ReturnType<typeof startAcme>>;

const isConsent = (page: Page) => page.text.includes('name="decision"');
const boxes = (page: Page) => [...page.text.matchAll(/name="scope" value="([^"]+)"/g)].map(([, scope]) => scope);
const words = (page: Page) => page.text.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

/** Ada's way to the consent page, or past it where she is not asked. */
async function visit(acme: Acme, more = {}, member = acme.inAnotherBrowser()) {
  const request = acme.begin(more);
  const page = await signIn(member, await member.browser.open(request.url));
  return { request, page, member };
}

async function tokensOf(acme: Acme, { left }: { left: URL }, request: AuthorizationRequest) {
  const code = left.searchParams.get("code")!;
  const { client_id: clientId, redirect_uri } = acme.parameters;
  return (await redeem(acme, { clientId, code, request, redirect_uri })).json;
}

test("consent says what the connector is, and names the tools that each scope opens, ten at most", async () => {
  await using acme = await startAcme();
  const reads = Array.from({ length: 12 }, (_, index) => tool(`read_${String(index).padStart(2, "0")}`, "read"));
  await acme.addTools(...reads, tool("delete_all", "write"), tool("unclassified", null), tool("hidden", "read", false));
  const { page } = await visit(acme);
  expect(words(page)).toContain("notes, a connector of acme Inc.");
  expect(words(page)).toContain("12 tools: read_00, read_01");
  expect(words(page)).toContain("read_09 and 2 more");
  expect(words(page)).toContain("2 tools: delete_all, unclassified");
  expect(words(page)).not.toContain("hidden");
});

test("what is unticked is not given; with nothing ticked the page asks again, and nothing is given", async () => {
  await using acme = await startAcme();
  const { page, request, member } = await visit(acme);
  expect(boxes(page)).toEqual(["mcp:read", "mcp:write"]);
  const none = await member.browser.submit(page, { decision: "approve", scope: [] });
  expect([none.status, isConsent(none)]).toEqual([422, true]);
  expect(words(none)).toContain("Tick at least one");
  expect(await acme.grants()).toEqual([]);
  const tokens = await tokensOf(
    acme,
    await member.browser.submit(none, { decision: "approve", scope: ["mcp:read"] }),
    request,
  );
  expect(tokens.scope).toBe("mcp:read");
  expect(decodeJwt(tokens.access_token).scope).toBe("mcp:read");
  const wider = await refresh(acme, acme.parameters.client_id, tokens.refresh_token, { scope: "mcp:read mcp:write" });
  expect([wider.status, wider.json.error]).toEqual([400, "invalid_scope"]);
  expect(await acme.grants()).toMatchObject([{ scopes: ["mcp:read"] }]);
});

test("what is agreed to is what was shown: where that has changed meanwhile, nothing is given, and the page asks again", async () => {
  await using acme = await startAcme();
  await acme.addTools(tool("look", "read"), tool("note", null));
  const { page, member } = await visit(acme);
  await acme.addTools(tool("delete_all", null));
  const again = await member.browser.submit(page, { decision: "approve" });
  expect(again.status).toBe(422);
  expect(words(again)).toContain("has changed since you opened this page");
  expect(words(again)).toContain("delete_all");
  expect(await acme.grants()).toEqual([]);
  const answer = await member.browser.submit(again, { scope: ["mcp:read", "mcp:write"], decision: "approve" });
  expect(answer.left.searchParams.get("code")).toEqual(expect.any(String));
});

test("a scope that the client did not ask for cannot be ticked by a form of somebody's own making", async () => {
  await using acme = await startAcme();
  const { page, request, member } = await visit(acme, { scope: "mcp:read" });
  const answer = await member.browser.submit(page, { decision: "approve", scope: ["mcp:read", "mcp:write"] });
  expect((await tokensOf(acme, answer, request)).scope).toBe("mcp:read");
});

test("consent is remembered in every browser of the member's, and for nobody else", async () => {
  await using acme = await startAcme();
  await authorize(acme, acme.ada, acme.parameters);
  const { page } = await visit(acme);
  expect(page.left?.searchParams.get("code")).toEqual(expect.any(String));
  const bob = await acme.addMember(acme.org, "bob");
  expect(isConsent((await visit(acme, {}, bob)).page)).toBe(true);
  expect(await acme.grants()).toHaveLength(1);
});

const CHANGES: Record<string, (acme: Acme) => Promise<unknown> | Record<string, string>> = {
  "the client wants codes sent to another host": () => ({ redirect_uri: "https://other.example/callback" }),
  "the client says something else of itself": ({ ownerDb }) =>
    sql`update oidc_records set payload = jsonb_set(payload, '{client_name}', '"Another name"') where model = 'Client'`.execute(
      ownerDb,
    ),
  "a tool is there that changes things": (acme) => acme.addTools(tool("delete_all", null)),
  "the grant was ended": async (acme) => {
    const [grant] = await acme.grants();
    await withOrg(acme.ownerDb, acme.org.id, (scope) => deleteGrant(scope, grant!.id));
  },
};

test.each(Object.keys(CHANGES))("the member is asked again when %s", async (change) => {
  await using acme = await startAcme({ redirectUris: [WEB_CALLBACK, "https://other.example/callback"] });
  await authorize(acme, acme.ada, acme.parameters);
  await acme.addTools(tool("look", "read"));
  expect(isConsent((await visit(acme)).page)).toBe(false);
  const { redirect_uri } = ((await CHANGES[change]!(acme)) ?? {}) as { redirect_uri?: string };
  const { page } = await visit(acme, redirect_uri ? { redirect_uri } : {});
  expect(isConsent(page)).toBe(true);
  expect(boxes(page)).toEqual(["mcp:read", "mcp:write"]);
});

test("step-up: consent shows only what is new, the new grant has old and new, and the old token goes on working", async () => {
  await using acme = await startAcme();
  const { client_id: clientId } = acme.parameters;
  const first = await visit(acme, { scope: "mcp:read" });
  const old = await tokensOf(
    acme,
    await first.member.browser.submit(first.page, { decision: "approve" }),
    first.request,
  );

  const { page, member, request } = await visit(acme, { scope: "mcp:read mcp:write" });
  expect(words(page)).toContain("do more with");
  expect(words(page)).toContain("You have allowed it to See what “notes” offers");
  expect(boxes(page)).toEqual(["mcp:write"]);
  const more = await tokensOf(acme, await member.browser.submit(page, { decision: "approve" }), request);
  expect(more.scope).toBe("mcp:read mcp:write");
  expect((await acme.grants()).map(({ scopes }) => scopes)).toEqual([["mcp:read", "mcp:write"], ["mcp:read"]]);
  expect((await acme.audit(acme.org)).filter(({ event }) => event === "consent.granted").at(-1)?.entry).toMatchObject({
    scope: "mcp:read mcp:write",
    scope_before: "mcp:read",
  });
  for (const { refresh_token } of [old, more]) expect((await refresh(acme, clientId, refresh_token)).status).toBe(200);
});

test("step-up: what the client has already is not asked about; a form that ticks nothing else is asked again", async () => {
  await using acme = await startAcme();
  const first = await visit(acme, { scope: "mcp:read" });
  await first.member.browser.submit(first.page, { decision: "approve" });
  const { page, member, request } = await visit(acme);
  const again = await member.browser.submit(page, { decision: "approve", scope: ["mcp:read"] });
  expect([again.status, again.left]).toEqual([422, null]);
  expect(words(again)).toContain("Tick at least one");
  expect(await acme.grants()).toHaveLength(1);
  expect(again.text, "what was unticked stays so").not.toContain("checked");
  const answer = await member.browser.submit(again, { decision: "approve", scope: ["mcp:write"] });
  const both = await tokensOf(acme, answer, request);
  expect(both.scope).toBe("mcp:read mcp:write");
});

test("step-up denied leaves what was given before", async () => {
  await using acme = await startAcme();
  const first = await visit(acme, { scope: "mcp:read" });
  const old = await tokensOf(
    acme,
    await first.member.browser.submit(first.page, { decision: "approve" }),
    first.request,
  );
  const { page, member, request } = await visit(acme);
  const { left } = await member.browser.submit(page, { decision: "deny" });
  expect(Object.fromEntries(left.searchParams)).toMatchObject({ error: "access_denied", state: request.state });
  expect((await refresh(acme, acme.parameters.client_id, old.refresh_token)).status).toBe(200);
});

test("a client that asks to change things alone is asked about together with seeing them", async () => {
  await using acme = await startAcme();
  const { page } = await visit(acme, { scope: "mcp:write" });
  expect(boxes(page)).toEqual(["mcp:read", "mcp:write"]);
});
