import { updateOpenTo } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import { addTeamMembers, insertTeam } from "@gatehouse/store/teams";
import { type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let send: Record<"owner" | "auditor" | "member" | "stranger", Send>;
let member: Person;

beforeAll(async () => {
  house = await startHouse({ apps: ["auth", "dashboard"] });
  acme = await house.addOrg({ slug: "acme" });
  const person = (org: Org, role: Role) => house.addMember(org, { email: `${role}@${org.slug}.example`, role });
  const owner = await person(acme, "owner");
  const auditor = await person(acme, "auditor");
  member = await person(acme, "member");
  const stranger = await person(await house.addOrg({ slug: "elsewhere" }), "owner");
  const all = Object.entries({ owner, auditor, member, stranger });
  send = Object.fromEntries(
    await Promise.all(all.map(async ([name, who]) => [name, await signIn(house, who)])),
  ) as typeof send;
});
afterAll(() => house?.[Symbol.asyncDispose]());

const CONNECTORS = "/api/orgs/acme/connectors";
const slugs = ({ json }: Awaited<ReturnType<Send>>) => json.connectors.map(({ slug }: { slug: string }) => slug);

async function add(...names: string[]) {
  const added = [];
  for (const slug of names) {
    added.push(await house.addConnector(acme, { slug, url: `https://${slug}.upstream.example/mcp?key=needle` }));
  }
  return added;
}

test("connectors come a page at a time, by name, and are found by name, address and upstream, and not by keys in its URL", async () => {
  await add("gamma", "alpha", "beta");
  const first = await send.member("GET", `${CONNECTORS}?limit=2`);
  expect(slugs(first)).toEqual(["alpha", "beta"]);
  const second = await send.member("GET", `${CONNECTORS}?limit=2&after=${first.json.next}`);
  expect([slugs(second), second.json.next]).toEqual([["gamma"], null]);
  const found = async (search: string) => slugs(await send.owner("GET", `${CONNECTORS}?search=${search}`));
  expect(await found("GAMMA.up")).toEqual(["gamma"]);
  expect([await found("b_"), await found("%25")]).toEqual([[], []]);
  expect(await found("needle")).toEqual([]);
  expect((await send.owner("GET", `${CONNECTORS}?limit=201`)).status).toBe(422);
  expect((await send.owner("GET", `${CONNECTORS}?after=nothing`)).status).toBe(422);
  const elsewhere = await send.stranger("GET", CONNECTORS);
  const nowhere = await send.stranger("GET", "/api/orgs/nowhere/connectors");
  expect([elsewhere.status, elsewhere.json.detail]).toEqual([nowhere.status, nowhere.json.detail]);
});

test("a connector that is not open to a member does not exist for them", async () => {
  const [forTeam, forAdmins] = (await add("for-team", "for-admins")).map(({ id }) => id) as [string, string];
  const teamId = await withOrg(house.ownerDb, acme.id, async (scope) => {
    const id = await insertTeam(scope, "Support");
    await updateOpenTo(scope, forTeam, { roles: [], teams: [id] });
    await updateOpenTo(scope, forAdmins, { roles: ["admin"], teams: [] });
    return id;
  });
  expect(slugs(await send.owner("GET", `${CONNECTORS}?search=for-`))).toEqual(["for-admins", "for-team"]);
  expect(slugs(await send.member("GET", `${CONNECTORS}?search=for-`))).toEqual([]);
  const hidden = await send.member("GET", `${CONNECTORS}/for-team`);
  const missing = await send.member("GET", `${CONNECTORS}/no-such`);
  expect([hidden.status, hidden.json]).toEqual([missing.status, missing.json]);
  await withOrg(house.ownerDb, acme.id, (scope) => addTeamMembers(scope, teamId, [member.id]));
  expect(slugs(await send.member("GET", `${CONNECTORS}?search=for-`))).toEqual(["for-team"]);
  expect((await send.member("GET", `${CONNECTORS}/for-team`)).status).toBe(200);
});

test("what was used in the last day is told to who may see it, and how many have linked an account to who may change it", async () => {
  const url = "https://busy.upstream.example/mcp";
  const { id } = await house.addConnector(acme, { slug: "busy", url, access: [{ kind: "member-oauth" }] });
  const hour = (ago: number) => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000);
  await withOrg(house.ownerDb, acme.id, ({ db }) =>
    db
      .insertInto("usage_hours")
      .values(
        [1, 30].map((ago) => ({
          ...{ org_id: acme.id, hour: hour(ago), user_id: member.id, client: "c", connector_id: id, tool: "t" },
          ...{
            calls: "7",
            errors: "2",
            refused: "0",
            bytes_in: "0",
            bytes_out: "0",
            duration_ms: 1,
            duration_ms_max: 1,
          },
        })),
      )
      .execute(),
  );
  const busy = async (as: keyof typeof send) => {
    const { used, linked } = (await send[as]("GET", `${CONNECTORS}?search=busy`)).json.connectors[0];
    return { used, linked };
  };
  expect(await busy("owner")).toEqual({ used: { calls: 7, errors: 2 }, linked: 0 });
  expect(await busy("auditor")).toEqual({ used: { calls: 7, errors: 2 }, linked: null });
  expect(await busy("member")).toEqual({ used: null, linked: null });
});

test("tools are searched, filtered and decided on by the server, all that match; of two who decide, the second is told", async () => {
  const operations = Array.from({ length: 205 }, (_, number) => ({
    name: `tool_${String(number).padStart(3, "0")}`,
    definition: {
      name: "tool",
      description: number % 2 ? "Odd one" : "Even one",
      inputSchema: { type: "object" as const },
      annotations: { readOnlyHint: number % 2 === 0 },
    },
    ...{ classification: null, offered: false, operation: null, binding: {}, tags: [`tag ${number % 5}`] },
  }));
  await house.addConnector(acme, { slug: "many", url: "https://many.example.com", transport: "openapi", operations });
  const tools = `${CONNECTORS}/many/tools`;
  const list = (query: string) => send.owner("GET", `${tools}?${query}`);
  const first = await list("search=EVEN+one&tag=tag+0");
  expect(first.json.matching).toMatchObject({ total: 21, offered: 0, suggestedReads: 21 });
  expect((await send.member("GET", tools)).json.matching.total).toBe(205);

  const shown = (await list("show=off")).headers.get("etag")!;
  expect((await send.owner("PATCH", `${tools}/tool_204`, { classification: "write" })).status).toBe(204);
  const late = await send.owner("PATCH", `${tools}?show=off`, { offered: true }, { "if-match": shown });
  expect([late.status, late.json.detail]).toEqual([412, expect.stringContaining("has changed this meanwhile")]);

  const etag = first.headers.get("etag")!;
  const query = "search=EVEN+one&tag=tag+0";
  expect((await send.owner("PATCH", `${tools}?${query}`, { offered: true }, { "if-match": etag })).status).toBe(204);
  expect((await send.owner("PATCH", `${tools}?show=unclassified`, { classification: "suggested" })).status).toBe(204);
  const totals = ["offered", "read", "write", "unclassified", "edited"].map(
    async (show) => (await list(`show=${show}`)).json.matching.total,
  );
  expect(await Promise.all(totals)).toEqual([21, 102, 103, 0, 0]);

  const { json } = await send.owner("GET", "/api/orgs/acme/audit?event=tools.changed");
  expect(
    json.entries.map(({ entry }: { entry: { tools: string[] } }) => ({ ...entry, tools: entry.tools.length })),
  ).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        ...{
          tools: 21,
          before: { offered: false, classification: null },
          after: { offered: true, classification: null },
        },
      }),
      expect.objectContaining({
        ...{
          tools: 102,
          before: { offered: false, classification: null },
          after: { offered: false, classification: "write" },
        },
      }),
    ]),
  );
  const elsewhere = [await send.stranger("GET", tools), await send.stranger("PATCH", tools, { offered: true })];
  expect(elsewhere.map(({ status }) => status)).toEqual([404, 404]);
});
