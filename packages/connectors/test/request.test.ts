import qs from "qs";
import { parseTemplate } from "url-template";
import { describe, expect, test } from "vitest";
import { buildRequest } from "../src/http/build-request.ts";
import { importDescription } from "../src/openapi/import-description.ts";
import { describing, startPeer } from "./peer.ts";

/** OpenAPI 3.1 §4.8.12.6: each style is what an operator of RFC 6570 does. */
const TEMPLATES = [
  { location: "path", style: "simple", explode: false, template: "/things/{color}" },
  { location: "path", style: "simple", explode: true, template: "/things/{color*}" },
  { location: "path", style: "label", explode: false, template: "/things/{.color}" },
  { location: "path", style: "label", explode: true, template: "/things/{.color*}" },
  { location: "path", style: "matrix", explode: false, template: "/things/{;color}" },
  { location: "path", style: "matrix", explode: true, template: "/things/{;color*}" },
  { location: "query", style: "form", explode: false, template: "/things{?color}" },
  { location: "query", style: "form", explode: true, template: "/things{?color*}" },
];
const VALUES = ["it's 5% of a/b & ümläut", ["a b", "c&d,e"], { R: "1=1", "G;": "200" }];
const url = new URL("https://things.example");

/** What the peer takes for the only right value: it answers 422 for any other. */
const only = (value: string) => ({ type: "string", enum: [value] });

describe("a parameter arrives as the description says", () => {
  test.each(TEMPLATES)("$location, $style, explode $explode", async ({ location, style, explode, template }) => {
    const parameter = { name: "color", in: location, required: true, style, explode, schema: {} };
    const path = location === "path" ? "/things/{color}" : "/things";
    const { tools } = importDescription(JSON.stringify(describing({ parameters: [parameter] }, { path })));
    for (const value of VALUES) {
      const request = await buildRequest(tools[0]!.binding, { color: value }, { url });
      expect(request.path).toBe(parseTemplate(template).expand({ color: value }));
    }
  });

  test.each([
    { style: "spaceDelimited", query: "color=a%20b" },
    { style: "pipeDelimited", query: "color=a%7Cb" },
  ])("query, $style", async ({ style, query }) => {
    const parameter = { name: "color", in: "query", style, explode: false, schema: { type: "array" } };
    const { tools } = importDescription(JSON.stringify(describing({ parameters: [parameter] })));
    expect((await buildRequest(tools[0]!.binding, { color: ["a", "b"] }, { url })).path).toBe(`/things?${query}`);
  });

  test("query, deepObject", async () => {
    const parameter = { name: "color", in: "query", style: "deepObject", explode: true, schema: { type: "object" } };
    const { tools } = importDescription(JSON.stringify(describing({ parameters: [parameter] })));
    const color = { R: "1&2", inner: { G: "[x]" } };
    const { path } = await buildRequest(tools[0]!.binding, { color }, { url });
    expect(qs.parse(path.split("?")[1]!)).toEqual({ color });
  });

  test("query, form and pipes; header; cookie: the peer reads what was meant", async () => {
    const parameters = [
      { name: "text", in: "query", required: true, schema: only("it's 5% of a/b & more") },
      { name: "X-Text", in: "header", required: true, schema: only("plain, with a comma") },
      { name: "X-Number", in: "header", required: true, schema: { type: "integer", minimum: 7, maximum: 7 } },
    ];
    await using peer = await startPeer(describing({ parameters }));
    const { status, body } = await peer.call({
      text: "it's 5% of a/b & more",
      "X-Text": "plain, with a comma",
      "X-Number": 7,
    });
    expect(status, body).toBe(200);
  });

  test("the peer refuses another value", async () => {
    const parameter = { name: "color", in: "query", required: true, schema: only("blue") };
    await using peer = await startPeer(describing({ parameters: [parameter] }));
    expect((await peer.call({ color: "red" })).status).toBe(422);
  });

  test("names that no argument may have are written as the API has them", async () => {
    const parameters = [
      { name: "filter[name]", in: "query", required: true, schema: only("x") },
      { name: "X-Trace", in: "header", required: true, schema: only("y") },
    ];
    await using peer = await startPeer(describing({ parameters }));
    expect(Object.keys(peer.tools[0]!.definition.inputSchema.properties as object)).toEqual(["filter_name", "X-Trace"]);
    const { status, body } = await peer.call({ filter_name: "x", "X-Trace": "y" });
    expect(status, body).toBe(200);
  });
});

describe("a body arrives as the description says", () => {
  const schema = {
    type: "object",
    required: ["name", "tags", "size"],
    properties: {
      name: { type: "string", enum: ["Ümläut & Co"] },
      tags: { type: "array", items: { type: "string" } },
      size: { type: "integer" },
    },
  };
  const value = { name: "Ümläut & Co", tags: ["a", "b"], size: 3 };

  test("JSON, its members as arguments of their own", async () => {
    const requestBody = { required: true, content: { "application/json": { schema } } };
    await using peer = await startPeer(describing({ requestBody }, { method: "post" }));
    expect(peer.tools[0]!.definition.inputSchema.required).toEqual(["name", "tags", "size"]);
    expect((await peer.call(value)).status).toBe(200);
    expect((await peer.call({ ...value, size: "three" })).status).toBe(422);
  });

  test("JSON that is no object, as the argument body", async () => {
    const requestBody = {
      required: true,
      content: { "application/json": { schema: { type: "array", items: { type: "integer" } } } },
    };
    await using peer = await startPeer(describing({ requestBody }, { method: "post" }));
    expect((await peer.call({ body: [1, 2] })).status).toBe(200);
    expect((await peer.call({ body: ["x"] })).status).toBe(422);
  });

  test("a form", async () => {
    const { tags: _, ...properties } = schema.properties;
    const form = { ...schema, required: ["name", "size"], properties };
    const requestBody = { required: true, content: { "application/x-www-form-urlencoded": { schema: form } } };
    await using peer = await startPeer(describing({ requestBody }, { method: "post" }));
    const { status, body } = await peer.call({ name: value.name, size: 3 });
    expect(status, body).toBe(200);
  });

  test("text", async () => {
    const requestBody = {
      required: true,
      content: { "text/plain": { schema: { type: "string", enum: ["two\nlines"] } } },
    };
    await using peer = await startPeer(describing({ requestBody }, { method: "post" }));
    expect((await peer.call({ body: "two\nlines" })).status).toBe(200);
    expect((await peer.call({ body: "one" })).status).toBe(422);
  });
});

describe("an argument sets what it is for, and nothing else", () => {
  test("a query parameter of the same name as the path's does not fill the path", async () => {
    const parameters = [
      { name: "id", in: "path", required: true, schema: { type: "string" } },
      { name: "id", in: "query", schema: { type: "string" } },
    ];
    const { tools } = importDescription(JSON.stringify(describing({ parameters }, { path: "/things/{id}" })));
    const request = await buildRequest(tools[0]!.binding, { id: "pinned", id_2: "other" }, { url });
    expect(request.path).toBe("/things/pinned?id=other");
  });

  test("an object that becomes parameters of their own sets none that is hidden", async () => {
    const parameters = [
      { name: "filter", in: "query", style: "form", explode: true, schema: { type: "object" } },
      { name: "admin", in: "query", schema: { type: "boolean" } },
    ];
    const { tools } = importDescription(JSON.stringify(describing({ parameters })));
    await expect(buildRequest(tools[0]!.binding, { filter: { Admin: true } }, { url })).rejects.toThrow(
      "cannot set admin",
    );
  });

  test("a parameter that the credential fills in is left to it", async () => {
    const parameters = [
      { name: "Api_Key", in: "query", schema: { type: "string" } },
      { name: "text", in: "query", schema: { type: "string" } },
    ];
    const { tools } = importDescription(JSON.stringify(describing({ parameters })));
    const args = { Api_Key: "mine", text: "x" };
    const { path } = await buildRequest(tools[0]!.binding, args, { url, reserved: new Set(["api_key"]) });
    expect(path).toBe("/things?text=x");
  });
});
