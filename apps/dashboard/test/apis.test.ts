import { type ClientRequest, request as send } from "node:http";
import { findConnectorBySlug, findTool } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

let house: TestHouse;
let acme: Org;
let owner: Send;
let member: Send;
let stranger: Send;
let memberId: string;

const operation = (operationId: string, more: object = {}) => ({ operationId, responses: {}, ...more });
const DESCRIPTION = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1" },
  servers: [{ url: "https://pets.example.com/v1" }],
  components: { securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Key" } } },
  paths: {
    "/pets": {
      get: operation("listPets", {
        tags: ["pets"],
        parameters: [{ name: "owner", in: "query", required: true, schema: { type: "string" } }],
      }),
      post: operation("createPet", { tags: ["pets"] }),
    },
    "/odd": { get: operation("odd", { parameters: [{ $ref: "#/nowhere" }] }) },
  },
};
const text = JSON.stringify(DESCRIPTION);
const NEW = {
  name: "Pets",
  slug: "pets",
  url: "https://pets.example.com/v1",
  description: { text },
  offered: ["list_pets"],
};
const APIS = "/api/orgs/acme/apis";
const PETS = "/api/orgs/acme/connectors/pets";

beforeAll(async () => {
  house = await startHouse({ egressAllow: ["127.0.0.1"] });
  acme = await house.addOrg({ slug: "acme" });
  owner = await signIn(house, await house.addMember(acme, { email: "owner@acme.example", role: "owner" }));
  const bob = await house.addMember(acme, { email: "bob@acme.example" });
  memberId = bob.id;
  member = await signIn(house, bob);
  const other = await house.addOrg({ slug: "other" });
  stranger = await signIn(house, await house.addMember(other, { email: "owner@other.example", role: "owner" }));
});
afterAll(() => house[Symbol.asyncDispose]());

const lastLine = (answer: { text: string }) => JSON.parse(answer.text.trim().split("\n").at(-1)!);
const toolOf = (name: string) =>
  withOrg(house.ownerDb, acme.id, async (scope) => {
    const connector = await findConnectorBySlug(scope, "pets");
    return findTool(scope, connector!.id, name);
  });

test("a description is read before anything is stored: its tools, what is proposed, how it is opened, what is left out", async () => {
  const answer = await owner("POST", `${APIS}/preview`, { text });
  expect(answer.text.split("\n")[0]).toBe('{"progress":{"done":0,"all":3}}');
  const { result: api } = lastLine(answer);
  expect(api).toMatchObject({
    ...{ title: "Pets", url: "https://pets.example.com/v1", operations: 3 },
    security: [{ kind: "header", parameter: "X-Key" }],
    risks: expect.arrayContaining([
      expect.objectContaining({ id: "write-offered", points: 2, found: expect.any(Array) }),
    ]),
    notes: [
      { pointer: "#/paths/~1odd/get", line: 1, leftOut: true, problem: expect.stringContaining("leads nowhere") },
    ],
  });
  expect(api.tools).toMatchObject([
    {
      name: "list_pets",
      key: "GET /pets",
      tags: ["pets"],
      arguments: 1,
      suggested: { offered: true, classification: "read" },
    },
    { name: "create_pet", suggested: { offered: false, classification: "write" } },
  ]);
});

test("what is no description, or cannot be fetched, is said to be so", async () => {
  expect(lastLine(await owner("POST", `${APIS}/preview`, { text: "hello" })).fault.detail).toContain(
    "no JSON or YAML object",
  );
  expect(
    lastLine(await owner("POST", `${APIS}/preview`, { url: "http://169.254.169.254/openapi.json" })).fault.detail,
  ).toContain("refused");
  expect((await owner("POST", `${APIS}/preview`, {})).status).toBe(422);
});

test("a description of megabytes is taken, though other bodies are kept short", async () => {
  const large = JSON.stringify({ ...DESCRIPTION, "x-filler": "x".repeat(3_000_000) });
  expect(lastLine(await owner("POST", `${APIS}/preview`, { text: large })).result.operations).toBe(3);
  expect((await owner("POST", "/api/orgs/acme/connectors", { name: "x".repeat(100_000) })).status).toBe(413);
});

test("bodies that come together are bounded, before they are read", async () => {
  const length = 32 * 1024 * 1024;
  const headers = { ...owner.headers, "content-length": length };
  const begun: ClientRequest[] = [];
  const begin = () => {
    const request = send(`${house.url}${APIS}/preview`, { method: "POST", headers });
    begun.push(request.on("error", () => {}));
    request.flushHeaders();
  };
  const preview = async () => (await owner("POST", `${APIS}/preview`, { text })).status;
  const beginAndPreview = () => {
    begin();
    return preview();
  };
  await expect.poll(beginAndPreview, { timeout: 10_000 }).toBe(429);
  for (const request of begun) request.destroy();
  await expect.poll(preview, { timeout: 10_000 }).toBe(200);
});

test("from a URL, with relative servers relative to it", async () => {
  await using site = await listenOnLoopback((_request, response) => {
    response.end(JSON.stringify({ ...DESCRIPTION, servers: [{ url: "/api" }] }));
  });
  const { result: api } = lastLine(await owner("POST", `${APIS}/preview`, { url: `${site.origin}/docs/openapi.json` }));
  expect(api.url).toBe(`${site.origin}/api`);
});

test("documents that it refers to are fetched where the owner says so, and through egress alone", async () => {
  const asked: string[] = [];
  await using site = await listenOnLoopback((request, response) => {
    asked.push(request.url!);
    const parameters = [{ $ref: "/shared.json#/limit" }, { $ref: "http://169.254.169.254/secret#/x" }];
    const paths = {
      "/a": { get: operation("a", { parameters: parameters.slice(0, 1) }) },
      "/b": { get: operation("b", { parameters }) },
    };
    const shared = { limit: { name: "limit", in: "query", schema: { type: "integer" } } };
    response.end(JSON.stringify(request.url === "/shared.json" ? shared : { ...DESCRIPTION, paths }));
  });
  const url = `${site.origin}/openapi.json`;
  expect(lastLine(await owner("POST", `${APIS}/preview`, { url })).fault.detail).toContain(
    "leads out of the description",
  );
  expect(asked).toEqual(["/openapi.json"]);
  const { result: api } = lastLine(await owner("POST", `${APIS}/preview`, { url, followReferences: true }));
  expect(asked).toEqual(["/openapi.json", "/openapi.json", "/shared.json"]);
  expect(api.tools).toMatchObject([{ name: "a", arguments: 1 }]);
  expect(api.notes).toMatchObject([{ leftOut: true, problem: expect.stringContaining("169.254.169.254") }]);
});

test("an owner registers it, and decides tool by tool; members and other orgs do not", async () => {
  expect((await member("POST", APIS, NEW)).status).toBe(403);
  expect((await stranger("POST", APIS, NEW)).status).toBe(404);
  const secret = { access: [{ kind: "header", name: "X-Key" }], secrets: { "header x-key": { secret: "s3cret" } } };
  const registered = await owner("POST", APIS, { ...NEW, ...secret });
  expect(registered.status, registered.text).toBe(201);
  const { transport, era, tags } = JSON.parse((await owner("GET", PETS)).text);
  expect({ transport, era, tags }).toEqual({ transport: "openapi", era: "modern", tags: ["pets"] });
  const { tools } = JSON.parse((await member("GET", `${PETS}/tools`)).text);
  expect(tools).toMatchObject([
    { name: "create_pet", offered: false, classification: "write", operation: "POST /pets" },
    { name: "list_pets", offered: true, classification: "read", tags: ["pets"] },
  ]);

  const edits = { name: "my_pets", arguments: { owner: { pinned: "{{member.email}}" } } };
  expect((await owner("PATCH", `${PETS}/tools/list_pets`, { edits })).status).toBe(204);
  expect(await toolOf("list_pets")).toMatchObject({ edits, offered: true });
  const wrong = await owner("PATCH", `${PETS}/tools/list_pets`, { edits: { arguments: { owner: { hidden: true } } } });
  expect([wrong.status, JSON.parse(wrong.text).fields]).toEqual([
    422,
    { "arguments.owner": expect.stringContaining("requires it") },
  ]);
  const taken = await owner("PATCH", `${PETS}/tools/create_pet`, { edits: { name: "my_pets" } });
  expect([taken.status, taken.text]).toEqual([422, expect.stringContaining("Another tool")]);
  expect((await owner("PATCH", `${PETS}/tools?search=CREATE_`, { offered: true })).status).toBe(204);
  expect((await toolOf("create_pet"))?.offered).toBe(true);
  expect((await member("PATCH", `${PETS}/tools`, { offered: true })).status).toBe(403);
});

test("how a description says that it is opened is filled in, and what it does not say is to be found out", async () => {
  // The web app's: no part of what is compiled here.
  const { suggestWay } = await import(new URL("../web/src/new-api/suggest-ways.ts", import.meta.url).href);
  const authorizationUrl = "https://login.example.com/authorize";
  const tokenUrl = "https://login.example.com/token";
  const scopes = { "pets:read": "See pets", "pets:write": "Change them" };
  const discovery = "https://login.example.com/.well-known/openid-configuration";
  const securitySchemes = {
    handed: { type: "oauth2", flows: { implicit: { authorizationUrl, scopes } } },
    typed: { type: "oauth2", flows: { password: { tokenUrl, scopes } } },
    found: { type: "openIdConnect", openIdConnectUrl: discovery },
    coded: { type: "oauth2", flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes } } },
    machine: { type: "oauth2", flows: { clientCredentials: { tokenUrl, scopes } } },
  };
  const described = JSON.stringify({ ...DESCRIPTION, components: { securitySchemes } });
  const { result } = lastLine(await owner("POST", `${APIS}/preview`, { text: described }));
  const [handed, typed, found, coded, machine] = result.security.map(suggestWay);
  const members = { kind: "member-oauth", scopes: "pets:read" };
  const [authorizationEndpoint, tokenEndpoint] = [authorizationUrl, tokenUrl];
  expect(handed).toMatchObject({ way: { ...members, server: { authorizationEndpoint, tokenEndpoint: "" } } });
  expect(handed.todo).toContain("only the implicit flow");
  expect(typed).toMatchObject({ way: { ...members, server: { authorizationEndpoint: "", tokenEndpoint } } });
  expect(typed.todo).toContain("give away their passwords");
  const server = { issuer: "https://login.example.com", authorizationEndpoint: "", tokenEndpoint: "" };
  expect(found).toMatchObject({ way: { ...members, scopes: "openid", server } });
  expect(found.todo).toContain(`Open ${discovery} in a browser`);
  expect(coded).toMatchObject({ way: { ...members, server: { authorizationEndpoint, tokenEndpoint } } });
  expect(machine).toMatchObject({ way: { kind: "client-credentials", tokenEndpoint, scopes: "pets:read" } });
  expect([coded.todo, machine.todo]).toEqual([undefined, undefined]);
});

test("imported anew, names and edits stay with their operations, and what is new waits", async () => {
  const changed = {
    ...DESCRIPTION,
    paths: {
      "/pets": { get: operation("allPets", { summary: "All pets" }) },
      "/vets": { get: operation("listPets") },
    },
  };
  const description = { text: JSON.stringify(changed) };
  const looked = JSON.parse((await owner("POST", "/api/orgs/acme/apis/pets/import", { description })).text);
  expect(looked).toMatchObject({
    added: ["list_pets_2"],
    removed: ["create_pet"],
    changed: [{ name: "list_pets" }],
    missed: [{ name: "list_pets", problems: [expect.stringContaining("argument owner")] }],
  });
  expect(await toolOf("create_pet")).not.toBeNull();
  const { rows } = await sql`select from resource_changes where path like '%/apis/pets'`.execute(house.ownerDb);
  expect(rows).toEqual([]);
  const asSeen = { "if-match": (await owner("GET", "/api/orgs/acme/apis/pets")).headers.get("etag")! };
  const apply = () => owner("POST", "/api/orgs/acme/apis/pets/import", { description, apply: true }, asSeen);
  const applied = await apply();
  expect(applied.status, applied.text).toBe(200);
  expect(await apply()).toMatchObject({ status: 412, json: { changedBy: "owner@acme.example" } });
  expect(await toolOf("create_pet")).toBeNull();
  expect(await toolOf("list_pets")).toMatchObject({
    offered: true,
    edits: { name: "my_pets" },
    definition: { title: "All pets" },
  });
  expect(await toolOf("list_pets_2")).toMatchObject({ offered: false, operation: "GET /vets" });
  const pasted = await owner("POST", "/api/orgs/acme/apis/pets/import", {});
  expect([pasted.status, pasted.text]).toEqual([422, expect.stringContaining("pasted")]);
});

test("its risks are reported, as JSON and as SARIF, to those who can change it", async () => {
  const report = JSON.parse((await owner("GET", `${PETS}/risk`)).text);
  expect(report.score).toBeGreaterThan(0);
  expect(report.findings.map(({ rule }: { rule: string }) => rule)).toContain("no-description");
  const sarif = JSON.parse((await owner("GET", `${PETS}/risk?format=sarif`)).text);
  expect(sarif.runs[0].results).toHaveLength(report.findings.length);
  expect((await member("GET", `${PETS}/risk`)).status).toBe(403);
});

test("teams are made, filled and used; of another org's there are none", async () => {
  const made = await owner("POST", "/api/orgs/acme/teams", { name: "Vets" });
  expect(made.status).toBe(201);
  const { id } = JSON.parse(made.text);
  expect((await owner("POST", "/api/orgs/acme/teams", { name: "vets" })).status).toBe(409);
  const outsider = "00000000-0000-7000-8000-000000000000";
  const members = `/api/orgs/acme/teams/${id}/members`;
  expect((await owner("POST", members, { userIds: [memberId, outsider] })).status).toBe(204);
  expect(JSON.parse((await owner("GET", "/api/orgs/acme/teams")).text).teams).toEqual([
    { id, name: "Vets", members: 1 },
  ]);
  const seen = JSON.parse((await owner("GET", members)).text);
  expect(seen).toMatchObject({ team: "Vets", members: [{ id: memberId }], next: null });
  expect((await stranger("GET", `/api/orgs/other/teams/${id}/members`)).status).toBe(404);
  expect((await stranger("POST", `/api/orgs/other/teams/${id}/members`, { userIds: [memberId] })).status).toBe(404);
  expect((await stranger("DELETE", `/api/orgs/other/teams/${id}/members/${memberId}`)).status).toBe(404);
  expect((await owner("DELETE", `${members}/${outsider}`)).status).toBe(404);
  expect((await owner("DELETE", `${members}/${memberId}`)).status).toBe(204);
  expect((await owner("DELETE", `${members}/${memberId}`)).status).toBe(404);
  expect((await owner("PUT", `${PETS}/open-to`, { openTo: { roles: [], teams: [id] } })).status).toBe(204);
  expect((await stranger("DELETE", `/api/orgs/other/teams/${id}`)).status).toBe(404);
  expect((await member("GET", "/api/orgs/acme/teams")).status).toBe(403);
  expect((await owner("DELETE", `/api/orgs/acme/teams/${id}`)).status).toBe(204);
});
