import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { type ImportedApi, importDescription } from "../src/openapi/import-description.ts";
import { importInWorker } from "../src/openapi/import-in-worker.ts";
import { nameTools } from "../src/openapi/name-tool.ts";
import { describing } from "./peer.ts";

const importObject = (document: object) => importDescription(JSON.stringify(document));
const problems = ({ notes }: ImportedApi) => notes.map(({ problem }) => problem).join("\n");
const schemaOf = (api: ImportedApi) => api.tools[0]!.definition.inputSchema as Record<string, never>;

function withBody(schema: object, components: object = {}) {
  const requestBody = { required: true, content: { "application/json": { schema } } };
  return { ...describing({ requestBody }, { method: "post" }), components: { schemas: components } };
}

test("Swagger 2.0 in YAML is read: forms, files, hosts, definitions", () => {
  const { tools, url, security } = importDescription(`
swagger: "2.0"
info: { title: Pets, version: "1" }
host: pets.example
basePath: /v2
schemes: [https]
securityDefinitions:
  key: { type: apiKey, in: header, name: X-Key }
paths:
  /pets/{petId}/photo:
    post:
      operationId: uploadPhoto
      consumes: [multipart/form-data]
      parameters:
        - { name: petId, in: path, required: true, type: integer }
        - { name: X-Key, in: header, type: string }
        - { name: file, in: formData, type: file, required: true }
        - { name: tags, in: formData, type: array, items: { type: string } }
      responses: { 200: { description: OK, schema: { $ref: "#/definitions/Photo" } } }
definitions:
  Photo: { type: object, properties: { url: { type: string } } }
`);
  expect(url).toBe("https://pets.example/v2");
  expect(security).toEqual([{ name: "key", description: "", kind: "header", parameter: "X-Key" }]);
  const { definition, binding } = tools[0]!;
  expect(definition.name).toBe("upload_photo");
  expect(Object.keys(definition.inputSchema.properties as object)).toEqual(["petId", "file", "tags"]);
  expect(binding.body).toMatchObject({
    contentType: "multipart/form-data",
    members: [{ name: "file", file: true }, { name: "tags" }],
  });
  expect(definition.outputSchema).toMatchObject({ properties: { url: { type: ["string", "null"] } } });
});

test("names read as actions, are unique and legal", () => {
  const name = (operationId: string | undefined, method = "get", path = "/") => ({ operationId, method, path });
  expect(
    nameTools([
      name("issues/create"),
      name("issues/list-for-repo"),
      name("pulls/add-labels"),
      name("createInvoice"),
      name("user_profile_get"),
      name(undefined, "get", "/v1/customers"),
      name(undefined, "get", "/v1/customers/{id}"),
      name(undefined, "delete", "/v1/customers/{id}/cards/{card}"),
      name("a/get"),
      name("b/get"),
      name("a/get"),
      name("x".repeat(90)),
    ]),
  ).toEqual([
    "create_issue",
    "list_issues_for_repo",
    "add_labels",
    "create_invoice",
    "get_user_profile",
    "list_customers",
    "get_customer",
    "delete_customer_card",
    "a_get",
    "get_b",
    "a_get_2",
    "x".repeat(64),
  ]);
});

test("other documents are followed where they are given: relative ones, circles, and those that are not there", () => {
  const schema = { $ref: "schemas/pet.yaml#/Pet" };
  const text = JSON.stringify(withBody({ type: "object", properties: { pet: schema, gone: { $ref: "gone.json" } } }));
  const foundAt = new URL("https://a.example/docs/openapi.json");
  const external = new Map([
    [
      "https://a.example/docs/schemas/pet.yaml",
      "Pet: { type: object, properties: { tag: { $ref: '#/Tag' }, home: { $ref: '../homes.json' } } }\nTag: { type: string, maxLength: 7 }",
    ],
    [
      "https://a.example/docs/homes.json",
      '{"type":"object","properties":{"pets":{"type":"array","items":{"$ref":"schemas/pet.yaml#/Pet"}}}}',
    ],
  ]);
  const api = importDescription(text, { foundAt, external });
  expect(api.missing).toEqual(["https://a.example/docs/gone.json"]);
  expect(problems(api)).toContain("gone.json leads out of the description");
  const validate = new Ajv2020({ strict: false }).compile(schemaOf(api));
  expect(validate({ pet: { tag: "short", home: { pets: [{ tag: "short" }] } } })).toBe(true);
  expect(validate({ pet: { home: { pets: [{ tag: "much too long" }] } } })).toBe(false);
  expect(importDescription(text, { foundAt }).missing).toHaveLength(2);
});

test("names stay with their operations when a description is imported anew", () => {
  const before = importObject(describing({}));
  const names = new Map(before.tools.map(({ key, definition }) => [key, definition.name]));
  const after = describing({ operationId: "somethingElse" }) as { paths: Record<string, object> };
  after.paths["/others"] = { get: { operationId: "useThings", responses: {} } };
  const { tools } = importDescription(JSON.stringify(after), { names });
  expect(tools.map(({ definition }) => definition.name)).toEqual(["use_things", "use_things_2"]);
});

describe("schemas", () => {
  test("circular ones become definitions, what is used once is put in", () => {
    const api = importObject(
      withBody(
        { $ref: "#/components/schemas/Order" },
        {
          Order: {
            type: "object",
            properties: { tree: { $ref: "#/components/schemas/Node" }, note: { $ref: "#/components/schemas/Note" } },
          },
          Node: {
            type: "object",
            properties: { children: { type: "array", items: { $ref: "#/components/schemas/Node" } } },
          },
          Note: {
            type: "object",
            properties: { text: { type: "string", maxLength: 20 }, at: { type: "string", format: "date-time" } },
          },
        },
      ),
    );
    expect(schemaOf(api)).toMatchObject({
      properties: { tree: { $ref: "#/$defs/node" }, note: { properties: { text: { maxLength: 20 } } } },
      $defs: { node: { properties: { children: { items: { $ref: "#/$defs/node" } } } } },
    });
    expect(Object.keys(schemaOf(api).$defs!)).toEqual(["node"]);
  });

  test("members that are called like keywords are members", () => {
    const properties = {
      enum: { $ref: "#/components/schemas/A" },
      default: { $ref: "#/components/schemas/A" },
      $ref: { type: "string" },
    };
    const api = importObject(
      withBody(
        { type: "object", properties },
        { A: { type: "object", properties: { long_enough_not_to_be_put_in_twice: { type: "integer" } } } },
      ),
    );
    expect(Object.keys(schemaOf(api).properties!)).toEqual(["enum", "default", "ref"]);
    new Ajv2020({ strict: false }).compile(schemaOf(api));
  });

  test("3.0's nullable and exclusive bounds, readOnly members, allOf and discriminator", () => {
    const document = withBody(
      {
        type: "object",
        properties: {
          pet: {
            oneOf: [{ $ref: "#/components/schemas/Cat" }, { $ref: "#/components/schemas/Dog" }],
            discriminator: { propertyName: "kind", mapping: { cat: "#/components/schemas/Cat" } },
          },
        },
      },
      {
        Pet: {
          type: "object",
          required: ["kind"],
          properties: { kind: { type: "string" }, id: { type: "integer", readOnly: true } },
        },
        Cat: {
          allOf: [
            { $ref: "#/components/schemas/Pet" },
            {
              type: "object",
              properties: { lives: { type: "integer", nullable: true, minimum: 0, exclusiveMinimum: true } },
            },
          ],
        },
        Dog: {
          allOf: [{ $ref: "#/components/schemas/Pet" }, { type: "object", properties: { good: { type: "boolean" } } }],
        },
      },
    );
    const api = importObject({ ...document, openapi: "3.0.3" });
    const validate = new Ajv2020({ strict: false }).compile(schemaOf(api));
    expect(validate({ pet: { kind: "cat", lives: null } })).toBe(true);
    expect(validate({ pet: { kind: "cat", lives: 9 } })).toBe(true);
    expect(validate({ pet: { kind: "cat", lives: 0 } })).toBe(false);
    expect(validate({ pet: { kind: "cow" } })).toBe(false);
    expect(JSON.stringify(schemaOf(api))).not.toContain('"id"');
  });

  test("an expression that might take for ever is left out, and said to be", () => {
    const api = importObject(
      withBody({
        type: "object",
        properties: { a: { type: "string", pattern: "^(?=a)(a+)+$" }, b: { type: "string", pattern: "^(a+)+$" } },
      }),
    );
    expect(schemaOf(api).properties).toMatchObject({ b: { pattern: "^(a+)+$" } });
    expect(problems(api)).toContain("bounded time");
  });
});

describe("what nobody may fill in", () => {
  test.each([
    "Host",
    "Cookie",
    "Content-Length",
    "X-Forwarded-For",
    "X-HTTP-Method-Override",
    "Transfer-Encoding",
    "Mcp-Session-Id",
    "bad name",
  ])("the header %s", (name) => {
    const optional = importObject(describing({ parameters: [{ name, in: "header", schema: { type: "string" } }] }));
    expect(optional.tools[0]!.binding.parameters).toEqual([]);
    expect(problems(optional)).toContain(name);
    const required = describing({ parameters: [{ name, in: "header", required: true, schema: { type: "string" } }] });
    expect(() => importObject(required)).toThrow(/never filled in/);
  });

  test("Authorization, and what a security scheme fills in", () => {
    const parameters = [
      { name: "Authorization", in: "header", required: true, schema: { type: "string" } },
      { name: "token", in: "query", required: true, schema: { type: "string" } },
    ];
    const securitySchemes = { key: { type: "apiKey", in: "query", name: "token" } };
    const api = importObject({ ...describing({ parameters }), components: { securitySchemes } });
    expect(api.tools[0]!.binding.parameters).toEqual([]);
  });

  test("another origin", () => {
    const document = describing({ servers: [{ url: "https://elsewhere.example" }] });
    expect(() => importObject(document)).toThrow(/elsewhere\.example: register that as a connector of its own/);
  });
});

describe("bad input", () => {
  test.each([
    ["hello", /no JSON or YAML object/],
    ["{", /line 1, column \d+ is not JSON/],
    ['{\n "openapi": "3.0.0",\n oops }', /line 3, column \d+ is not JSON/],
    ["a: [1, 2\nb: 3", /line \d+, column \d+ is not YAML/],
    ["{}", /neither “openapi” nor “swagger”/],
    ['{"openapi":"4.0"}', /version is “4.0”/],
    ['{"openapi":"3.1.0"}', /no operations/],
    ['{"openapi":"3.1.0","paths":[]}', /no operations/],
    ["a: &a [*a]", /refer to themselves|not YAML|neither/],
    [`openapi: 3.1.0\nx: ${"[".repeat(200)}${"]".repeat(200)}`, /nested more than/],
  ])("%s", (text, expected) => {
    expect(() => importDescription(text)).toThrow(expected);
  });

  test("what is sound is taken, and the rest said with its line", () => {
    const text = `
openapi: 3.0.0
info: { title: T, version: "1" }
servers: [{ url: /v1 }]
paths:
  /good: { get: { responses: {} } }
  /cycle: { get: { parameters: [{ $ref: "#/components/parameters/A" }] } }
  /nowhere: { $ref: "#/nowhere" }
  relative: { get: {} }
  /../up: { get: {} }
  /text: { get: "hello" }
  /outside: { get: { parameters: [{ $ref: "other.yaml#/x" }] } }
components:
  parameters: { A: { $ref: "#/components/parameters/B" }, B: { $ref: "#/components/parameters/A" } }
`;
    const api = importDescription(text);
    expect(api.tools.map(({ key }) => key)).toEqual(["GET /good"]);
    expect(api.url).toBeNull();
    const leftOut = api.notes.filter((note) => note.leftOut).map(({ line, problem }) => `${line} ${problem}`);
    expect(leftOut).toEqual([
      expect.stringMatching(/^8 \/nowhere is left out: .* leads nowhere/),
      expect.stringMatching(/^9 relative is left out: a path begins with a slash/),
      expect.stringMatching(/^10 \/\.\.\/up is left out/),
      expect.stringMatching(/^11 GET \/text is left out/),
      expect.stringMatching(/^7 GET \/cycle is left out: .*circle/),
      expect.stringMatching(/^12 GET \/outside is left out: .*leads out of the description/),
    ]);
    expect(importDescription(text, { foundAt: new URL("https://api.example/openapi.yaml") }).url).toBe(
      "https://api.example/v1",
    );
  });

  test("ten thousand operations, two of each name", () => {
    const paths = Object.fromEntries(
      Array.from({ length: 10_001 }, (_, index) => [
        `/p${index}`,
        { get: { operationId: `op${index >> 1}`, responses: {} } },
      ]),
    );
    const api = importObject({ openapi: "3.1.0", servers: [{ url: "https://a.example" }], paths });
    expect(new Set(api.tools.map(({ definition }) => definition.name)).size).toBe(10_000);
    expect(problems(api)).toContain("only the first 10000");
  });

  test("a schema that doubles at every level ends", () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 60 }, (_, level) => {
        const next = { $ref: `#/components/schemas/S${level + 1}` };
        return [
          `S${level}`,
          {
            allOf: [
              { type: "object", properties: { [`a${level}`]: next } },
              { type: "object", properties: { [`b${level}`]: next } },
              next,
              next,
            ],
          },
        ];
      }),
    );
    const api = importObject(withBody({ $ref: "#/components/schemas/S0" }, schemas));
    expect(JSON.stringify(api.tools).length).toBeLessThan(100_000);
  });

  test("a chain of ten thousand references ends", () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [
        `S${n}`,
        { type: "object", properties: { next: { $ref: `#/components/schemas/S${n + 1}` } } },
      ]),
    );
    expect(importObject(withBody({ $ref: "#/components/schemas/S0" }, schemas)).tools).toHaveLength(1);
  });

  test("in a thread of its own, with progress; its faults come back as they are", async () => {
    const progress: number[] = [];
    const text = JSON.stringify(describing({}));
    const api = await importInWorker({ text, url: "https://elsewhere.example/base" }, (done) => progress.push(done));
    expect(api).toMatchObject({ url: "https://elsewhere.example/base", operations: 1 });
    expect(progress).toEqual([0]);
    await expect(importInWorker({ text: "{}" })).rejects.toMatchObject({ code: "invalid_params" });
  });

  test("many at once wait for their turn, and too many are refused", async () => {
    const text = JSON.stringify(describing({}));
    const all = await Promise.allSettled(Array.from({ length: 24 }, () => importInWorker({ text })));
    const refused = all.flatMap((one) => (one.status === "rejected" ? [one.reason.code] : []));
    expect(refused).toEqual(["rate_limited", "rate_limited"]);
    expect((await importInWorker({ text })).operations).toBe(1);
  });
});
