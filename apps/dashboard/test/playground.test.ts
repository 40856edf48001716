import { listAudit } from "@gatehouse/store/audit";
import { updateOpenTo } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { type Fixture, startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { type Endpoint, type Person, startHouse, type TestHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

const READS = new Set(["test_simple_text", "test_x_mcp_header"]);
const HIDDEN = "test_audio_content";

let house: TestHouse;
let modern: Fixture;
let legacy: Fixture;
let endpoints: Record<"modern" | "legacy", Endpoint>;
let max: Person;
let as: Record<"owner" | "member" | "stranger", Send>;

beforeAll(async () => {
  [modern, legacy] = [await startModernFixture(), await startLegacyFixture()];
  house = await startHouse();
  const acme = await house.addOrg({ slug: "acme" });
  const beta = await house.addOrg({ slug: "beta" });
  const add = async (era: "modern" | "legacy", { url }: Fixture) => {
    const tools = (await listTools(url)).map((tool) => ({
      ...tool,
      classification: READS.has(tool.name) ? ("read" as const) : null,
      offered: tool.name !== HIDDEN,
    }));
    return house.addConnector(acme, { slug: era, url: url.href, era, tools });
  };
  endpoints = { modern: await add("modern", modern), legacy: await add("legacy", legacy) };
  max = await house.addMember(acme, { email: "max@acme.example" });
  const bea = await house.addMember(beta, { email: "bea@beta.example", role: "owner" });
  const olga = await house.addMember(acme, { email: "olga@acme.example", role: "owner" });
  as = { owner: await signIn(house, olga), member: await signIn(house, max), stranger: await signIn(house, bea) };
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await modern[Symbol.asyncDispose]();
  await legacy[Symbol.asyncDispose]();
});

const at = (slug: string) => `/api/orgs/acme/connectors/${slug}/playground`;
const callTool = (slug: string, params: object, mayWrite = false) =>
  as.member("POST", at(slug), { method: "tools/call", params, mayWrite });
const textOf = ({ json }: Awaited<ReturnType<Send>>) => json.response.result.content[0].text;

test("a call from the playground is one of the member's own, in the audit log by its trace", async () => {
  const called = await callTool("modern", { name: "test_simple_text", arguments: {} });
  expect(textOf(called)).toBe("This is a simple text response for testing.");
  expect(called.json).toMatchObject({ status: 200, request: { method: "tools/call" } });
  const { traceId } = called.json;
  const rows = await withOrg(house.ownerDb, endpoints.modern.org.id, (scope) =>
    listAudit(scope, { limit: 5, traceId }),
  );
  expect(rows).toMatchObject([{ event: "call", userEmail: max.email, entry: { client: "dashboard" } }]);
  expect(called.text).not.toMatch(/gate_dash_|Bearer/);
});

test("what is no read is refused until whoever calls says that they know", async () => {
  const write = { name: "test_error_handling", arguments: {} };
  const refused = await callTool("modern", write);
  expect(refused.json).toMatchObject({ status: 403, response: { error: { code: 403 } } });
  expect((await callTool("modern", write, true)).json).toMatchObject({ response: { result: { isError: true } } });
});

test("tools, resources, templates and prompts are those that the member has, each with what it may do", async () => {
  const tools = (await as.member("GET", `${at("legacy")}/tools`)).json.items;
  const named = new Map(tools.map((item: { definition: { name: string } }) => [item.definition.name, item]));
  expect(named.get("test_simple_text")).toMatchObject({ access: "read" });
  expect(named.get("test_error_handling")).toMatchObject({ access: "write" });
  expect(named.has(HIDDEN)).toBe(false);
  const resources = (await as.member("GET", `${at("modern")}/resources`)).json.items;
  expect(resources.map(({ definition }: { definition: object }) => definition)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ uri: "test://static-text" }),
      expect.objectContaining({ uriTemplate: "test://template/{id}/data" }),
    ]),
  );
  expect((await as.member("GET", `${at("modern")}/prompts`)).json.items[0].definition.name).toBe("test_simple_prompt");
  expect((await as.member("GET", `${at("modern")}/secrets`)).status).toBe(404);
});

test("a resource is read, a prompt filled, and an argument that is told in a header is told there", async () => {
  const read = { method: "resources/read", params: { uri: "test://static-text" } };
  expect((await as.member("POST", at("legacy"), read)).json.response.result.contents[0].text).toMatch(/static-text/);
  const filled = {
    method: "prompts/get",
    params: { name: "test_prompt_with_arguments", arguments: { arg1: "ä", arg2: "b" } },
  };
  expect((await as.member("POST", at("modern"), filled)).text).toContain("arg1='ä'");
  const params = { name: "test_x_mcp_header", arguments: { region: "eu west" } };
  expect(textOf(await callTool("modern", params))).toBe("region=eu west");
});

test.each(["modern", "legacy"] as const)("a %s server asks back, and goes on with the answer", async (slug) => {
  const params = { name: "test_elicitation", arguments: { message: "Who are you?" } };
  const asked = await callTool(slug, params, true);
  const { resultType, inputRequests, requestState } = asked.json.response.result;
  expect(resultType).toBe("input_required");
  const [[id, request]] = Object.entries(inputRequests) as [[string, { params: { message: string } }]];
  expect(request.params.message).toBe("Who are you?");
  const inputResponses = { [id]: { action: "accept", content: { response: "Max" } } };
  const next = { ...params, inputResponses, ...(requestState ? { requestState } : {}) };
  expect(textOf(await callTool(slug, next, true))).toContain('{"response":"Max"}');
});

test("the dashboard is let in where the modern era is turned off for clients", async () => {
  await as.owner("PATCH", "/api/orgs/acme/connectors/legacy", { clientEras: "legacy" });
  expect(textOf(await callTool("legacy", { name: "test_simple_text" }))).toMatch(/simple text/);
});

test("for whom a connector is not open, it does not exist; nor does it for another org", async () => {
  const tools = `${at("modern")}/tools`;
  expect((await as.stranger("GET", tools)).status).toBe(404);
  const setOpenTo = (openTo: { roles: "owner"[]; teams: string[] } | null) =>
    withOrg(house.ownerDb, endpoints.modern.org.id, (scope) => updateOpenTo(scope, endpoints.modern.id, openTo));
  await setOpenTo({ roles: ["owner"], teams: [] });
  const closed = await as.member("GET", tools);
  const missing = await as.member("GET", `${at("missing")}/tools`);
  expect([closed.status, closed.text]).toEqual([404, missing.text]);
  await setOpenTo(null);
});

test("a connector is renamed and deleted by who may change it, and what hangs on it ends", async () => {
  const path = "/api/orgs/acme/connectors/legacy";
  const { accessToken } = await tokenFor(max, endpoints.legacy.url);
  for (const [who, status] of [
    ["member", 403],
    ["stranger", 404],
  ] as const) {
    expect((await as[who]("PUT", `${path}/name`, { name: "Mine" })).status).toBe(status);
    expect((await as[who]("DELETE", path, { confirm: "legacy" })).status).toBe(status);
  }
  expect((await as.owner("PUT", `${path}/name`, { name: "" })).json.fields).toEqual({ name: "Give it a name" });
  expect((await as.owner("PUT", `${path}/name`, { name: "Old one" })).status).toBe(204);
  expect((await as.member("GET", path)).json.name).toBe("Old one");
  expect((await as.owner("DELETE", path, { confirm: "Old one" })).status).toBe(422);
  expect((await as.owner("DELETE", path, { confirm: "legacy" })).status).toBe(204);
  expect((await as.owner("GET", path)).status).toBe(404);
  const call = () =>
    fetch(endpoints.legacy.url, { method: "POST", headers: { authorization: `Bearer ${accessToken}` } });
  await expect.poll(async () => (await call()).status).toBe(401);
  const rows = await withOrg(house.ownerDb, endpoints.legacy.org.id, (scope) =>
    listAudit(scope, { limit: 1, event: "connector.deleted" }),
  );
  expect(rows).toMatchObject([{ entry: { before: { slug: "legacy", name: "Old one" }, ended: { grants: 1 } } }]);
});
