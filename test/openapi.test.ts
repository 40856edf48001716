import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ToolEdits } from "@gatehouse/connectors/choice/edits";
import { importDescription } from "@gatehouse/connectors/openapi/import-description";
import { updateOpenTo, updateTool } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import type { OpenTo } from "@gatehouse/store/tables";
import { addTeamMembers, insertTeam } from "@gatehouse/store/teams";
import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test, vi } from "vitest";

// An API that OpenAPI describes, called by real clients of both eras.

const DESCRIPTION = {
  openapi: "3.1.0",
  info: { title: "Pets", version: "1" },
  servers: [{ url: "https://pets.example" }],
  components: {
    securitySchemes: { key: { type: "apiKey", in: "query", name: "api_key" } },
    schemas: {
      Pet: {
        type: "object",
        properties: { id: { type: "integer" }, name: { type: "string" }, secret: { type: "string" } },
      },
    },
  },
  paths: {
    "/pets": {
      get: {
        operationId: "listPets",
        parameters: [
          { name: "limit", in: "query", schema: { type: "integer", minimum: 1 } },
          { name: "for", in: "query", schema: { type: "string" } },
        ],
        responses: {
          200: {
            description: "All pets",
            content: { "application/json": { schema: { type: "array", items: { $ref: "#/components/schemas/Pet" } } } },
          },
        },
      },
      post: {
        operationId: "createPet",
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
        },
        responses: {
          201: {
            description: "The pet",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Pet" } } },
          },
        },
      },
    },
    "/pets/{petId}": {
      get: {
        operationId: "getPet",
        parameters: [{ name: "petId", in: "path", required: true, schema: { type: "string" } }],
        responses: {},
      },
    },
  },
};

interface Seen {
  method: string;
  url: string;
  body: string;
}

async function startApi() {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request);
    const body = Buffer.concat(chunks).toString();
    seen.push({ method: request.method!, url: request.url!, body });
    const pet = { id: 1, name: "Rex", secret: "s" };
    response.setHeader("content-type", "application/json");
    if (request.url!.startsWith("/pets/")) return response.writeHead(404).end('{"message":"No such pet"}');
    if (request.method === "POST") return response.writeHead(201).end(JSON.stringify({ ...pet, ...JSON.parse(body) }));
    response.end(JSON.stringify([pet]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, seen, [Symbol.asyncDispose]: async () => void server.close() };
}

async function startPetHouse() {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await startApi());
  const house = stack.use(await startHouse());
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example", name: "Alice" });
  const bob = await house.addMember(org, { email: "bob@acme.example" });
  const { tools } = importDescription(JSON.stringify(DESCRIPTION));
  const endpoint = await house.addConnector(org, {
    ...{ slug: "pets", url: api.url, era: "modern", transport: "openapi" },
    access: [{ kind: "query", name: "api_key" }],
    secrets: { "query api_key": { secret: "k&y" } },
    operations: tools.map(({ definition, key, binding, tags }) => ({
      ...{ name: definition.name, definition, operation: key, binding, tags, offered: true },
      classification: definition.annotations.readOnlyHint ? "read" : "write",
    })),
  });
  const decide = (name: string, decision: { edits?: ToolEdits; openTo?: OpenTo }) =>
    withOrg(house.ownerDb, org.id, (scope) => updateTool(scope, { connectorId: endpoint.id, name }, decision));
  const opened = stack.move();
  return { ...{ api, house, org, alice, bob, endpoint, decide }, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

type Result = { content: { text: string }[]; structuredContent?: unknown; isError?: boolean };

test("a modern client sees the operations as tools, and what they answer", async () => {
  await using pets = await startPetHouse();
  await using connected = await connectV2(pets.endpoint.url, pets.alice, { era: "modern" });
  const { tools } = await connected.client.listTools();
  expect(tools.map(({ name }) => name).sort()).toEqual(["create_pet", "get_pet", "list_pets"]);
  const listed = (await connected.client.callTool({ name: "list_pets", arguments: { limit: 5 } })) as Result;
  expect(listed.structuredContent).toEqual([{ id: 1, name: "Rex", secret: "s" }]);
  const created = (await connected.client.callTool({ name: "create_pet", arguments: { name: "Tom" } })) as Result;
  expect(created.structuredContent).toMatchObject({ name: "Tom" });
  expect(pets.api.seen).toEqual([
    { method: "GET", url: "/pets?limit=5&api_key=k%26y", body: "" },
    { method: "POST", url: "/pets?api_key=k%26y", body: '{"name":"Tom"}' },
  ]);
});

test("so does a legacy client, which is told of errors in a way that its model can mend", async () => {
  await using pets = await startPetHouse();
  await using connected = await connectV1(pets.endpoint.url, pets.alice);
  await connected.client.listTools();
  const listed = (await connected.client.callTool({ name: "list_pets", arguments: {} })) as Result;
  expect(listed.structuredContent).toEqual({ result: [{ id: 1, name: "Rex", secret: "s" }] });
  const missing = (await connected.client.callTool({ name: "get_pet", arguments: { petId: "7" } })) as Result;
  expect(missing).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("404 Not Found: No such pet") }],
  });
  pets.api.seen.length = 0;
  for (const args of [{ limit: "five" }, { limit: 0 }, { unknown: 1 }, { api_key: "mine" }]) {
    const wrong = (await connected.client.callTool({ name: "list_pets", arguments: args })) as Result;
    expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^Nothing was sent: /) }] });
  }
  const up = (await connected.client.callTool({ name: "get_pet", arguments: { petId: "../admin" } })) as Result;
  expect(up.isError).toBe(true);
  expect(pets.api.seen).toEqual([]);
});

test("what the owner edits is what clients see, and what is sent", async () => {
  await using pets = await startPetHouse();
  await pets.decide("list_pets", {
    edits: {
      name: "my_pets",
      description: "Mine.",
      arguments: { for: { pinned: "{{member.email}}" }, limit: { default: 3 } },
      dropped: ["secret"],
    },
  });
  await using connected = await connectV2(pets.endpoint.url, pets.alice, { era: "modern" });
  const { tools } = await connected.client.listTools();
  const mine = tools.find(({ name }) => name === "my_pets")!;
  expect(mine.description).toBe("Mine.");
  expect(Object.keys(mine.inputSchema.properties!)).toEqual(["limit"]);
  const result = (await connected.client.callTool({ name: "my_pets", arguments: { for: "mallory" } })) as Result;
  expect(result.structuredContent).toEqual([{ id: 1, name: "Rex" }]);
  expect(pets.api.seen[0]!.url).toBe("/pets?limit=3&for=alice%40acme.example&api_key=k%26y");
  await expect(connected.client.callTool({ name: "list_pets", arguments: {} })).rejects.toThrow(/Unknown tool/);
});

test("what a member may not use is not listed, and does not exist", async () => {
  await using pets = await startPetHouse();
  const { house, org, alice, bob, endpoint } = pets;
  const team = await withOrg(house.ownerDb, org.id, async (scope) => {
    const id = await insertTeam(scope, "Vets");
    await addTeamMembers(scope, id, [alice.id]);
    return id;
  });
  await pets.decide("create_pet", { openTo: { roles: ["owner"], teams: [team] } });
  await using hers = await connectV2(endpoint.url, alice, { era: "modern" });
  await using his = await connectV2(endpoint.url, bob, { era: "modern" });
  const namesOf = async ({ client }: typeof his) => (await client.listTools()).tools.map(({ name }) => name).sort();
  expect(await namesOf(hers)).toEqual(["create_pet", "get_pet", "list_pets"]);
  expect(await namesOf(his)).toEqual(["get_pet", "list_pets"]);
  await expect(his.client.callTool({ name: "create_pet", arguments: {} })).rejects.toThrow(/Unknown tool: create_pet/);
  await withOrg(house.ownerDb, org.id, (scope) => updateOpenTo(scope, endpoint.id, { roles: [], teams: [team] }));
  await vi.waitFor(() => expect(his.client.callTool({ name: "list_pets", arguments: {} })).rejects.toThrow(), 5000);
  expect(await namesOf(hers)).toHaveLength(3);
});
