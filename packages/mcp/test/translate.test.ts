import { expect, test } from "vitest";
import {
  toDiscoverResult,
  toInitializeResult,
  toInputRequest,
  toLegacyError,
  toLegacyParams,
  toLegacyResult,
  toModernError,
  toModernParams,
  toModernResult,
} from "../src/translate.ts";
import { needsWrap, wrapOutputSchema } from "../src/wrap-output-schema.ts";

const PREFIX = "io.modelcontextprotocol";
const client = { protocolVersion: "2025-11-25", wrappedTool: false };

test("a request keeps what both eras know, and nothing of the other's envelope", () => {
  const context = {
    protocolVersion: "2026-07-28",
    capabilities: { roots: {} },
    clientInfo: { name: "c" },
    logLevel: "info",
  };
  const modern = toModernParams({ name: "echo", _meta: { progressToken: 7 } }, context);
  expect(modern).toEqual({
    name: "echo",
    _meta: {
      progressToken: 7,
      [`${PREFIX}/protocolVersion`]: "2026-07-28",
      [`${PREFIX}/clientCapabilities`]: { roots: {} },
      [`${PREFIX}/clientInfo`]: { name: "c" },
      [`${PREFIX}/logLevel`]: "info",
    },
  });
  expect(toLegacyParams({ ...modern, requestState: "s", inputResponses: {} })).toEqual({
    name: "echo",
    _meta: { progressToken: 7 },
  });
  expect(toLegacyParams({ _meta: { [`${PREFIX}/protocolVersion`]: "2026-07-28" } })).toEqual({});
});

test("a result says whether it is complete, and how long it holds, to a modern client alone", () => {
  expect(toModernResult("tools/call", { content: [], odd: 1 })).toEqual({
    content: [],
    odd: 1,
    resultType: "complete",
  });
  expect(toModernResult("tools/list", { tools: [] })).toMatchObject({ ttlMs: 0, cacheScope: "private" });
  const modern = {
    resultType: "complete",
    ttlMs: 1,
    cacheScope: "public",
    tools: [],
    _meta: { [`${PREFIX}/serverInfo`]: {}, own: 1 },
  };
  expect(toLegacyResult("tools/list", modern, client)).toEqual({ tools: [], _meta: { own: 1 } });
});

test("structured content is an object to a legacy client, and as its schema was announced", () => {
  const of = (structuredContent: unknown, wrappedTool = false) =>
    toLegacyResult("tools/call", { content: [], structuredContent }, { ...client, wrappedTool }).structuredContent;
  expect(of({ a: 1 })).toEqual({ a: 1 });
  expect(of([1])).toEqual({ result: [1] });
  expect(of(null)).toEqual({ result: null });
  expect(of({ a: 1 }, true)).toEqual({ result: { a: 1 } });
  expect(toLegacyResult("tools/call", { structuredContent: [1] }, client).content).toEqual([
    { type: "text", text: "[1]" },
  ]);
});

test("content that is newer than the client's version becomes text", () => {
  const content = [
    { type: "text", text: "t" },
    { type: "audio", data: "" },
    { type: "resource_link", uri: "a:b" },
  ];
  const typesFor = (protocolVersion: string) =>
    (toLegacyResult("tools/call", { content }, { ...client, protocolVersion }).content as { type: string }[]).map(
      ({ type }) => type,
    );
  expect(typesFor("2025-11-25")).toEqual(["text", "audio", "resource_link"]);
  expect(typesFor("2025-03-26")).toEqual(["text", "audio", "text"]);
  expect(typesFor("2024-11-05")).toEqual(["text", "text", "text"]);
});

test("errors keep their meaning", () => {
  const code = (error: { code: number }) => error.code;
  const of = (value: number) => ({ code: value, message: "m", data: { d: 1 } });
  expect([-32002, -32602, -32601, 7].map((value) => code(toModernError(of(value))))).toEqual([
    -32602, -32602, -32601, 7,
  ]);
  expect([-32020, -32021, -32022, 7].map((value) => code(toLegacyError(of(value))))).toEqual([
    -32603, -32602, -32603, 7,
  ]);
  expect(toLegacyError(of(-32021)).data).toEqual({ d: 1 });
});

test("what a server is, is told in either era's words; tasks and extensions stay where they are", () => {
  const initialized = {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {}, tasks: {} },
    serverInfo: { name: "s" },
    instructions: "i",
  };
  const discovered = toDiscoverResult(initialized, ["2026-07-28"]);
  expect(discovered).toMatchObject({
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {} },
    instructions: "i",
  });
  expect(discovered.capabilities).not.toHaveProperty("tasks");
  const again = toInitializeResult({ ...discovered, capabilities: { tools: {}, extensions: { x: {} } } }, "2025-06-18");
  expect(again).toEqual({
    protocolVersion: "2025-06-18",
    capabilities: { tools: {} },
    serverInfo: { name: "s" },
    instructions: "i",
  });
});

test("an elicitation loses the id that only the legacy era correlates it by", () => {
  const ask = {
    jsonrpc: "2.0",
    id: 1,
    method: "elicitation/create",
    params: { mode: "url", elicitationId: "e", url: "https://a.example" },
  } as const;
  expect(toInputRequest(ask)).toEqual({
    method: "elicitation/create",
    params: { mode: "url", url: "https://a.example" },
  });
});

test("an outputSchema whose root is no object is wrapped, and its references still point where they did", () => {
  expect(needsWrap({ type: "object" })).toBe(false);
  expect(needsWrap(undefined)).toBe(false);
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "array",
    items: { $ref: "#/$defs/node" },
    $defs: {
      node: { properties: { next: { $ref: "#" }, $ref: { const: { $ref: "#/data" } } } },
      own: { $id: "https://a.example/b", $ref: "#/c" },
    },
  };
  expect(wrapOutputSchema(schema)).toEqual({
    $schema: schema.$schema,
    type: "object",
    required: ["result"],
    properties: {
      result: {
        ...schema,
        items: { $ref: "#/properties/result/$defs/node" },
        $defs: {
          ...schema.$defs,
          node: { properties: { next: { $ref: "#/properties/result" }, $ref: { const: { $ref: "#/data" } } } },
        },
      },
    },
  });
});
