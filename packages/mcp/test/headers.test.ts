import { expect, test } from "vitest";
import {
  checkMirroredHeaders,
  checkStandardHeaders,
  decodeHeaderValue,
  encodeHeaderValue,
  mirroredParameters,
  mirroredValue,
} from "../src/headers.ts";
import type { Request } from "../src/message.ts";

// The examples of 2026-07-28, Streamable HTTP, Value Encoding.
test.each([
  ["us-west1", "us-west1"],
  ["Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
  [" padded ", "=?base64?IHBhZGRlZCA=?="],
  ["line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
  ["=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
])("%j is sent as %j, and read back", (value, header) => {
  expect(encodeHeaderValue(value)).toBe(header);
  expect(decodeHeaderValue(header)).toBe(value);
});

test("a broken encoding is told from a plain value", () => {
  expect(decodeHeaderValue("=?base64?a?=")).toBeNull();
  expect(decodeHeaderValue("=?base64?!!!!?=")).toBeNull();
  expect(decodeHeaderValue("=?base64?SGk=")).toBe("=?base64?SGk=");
  expect(decodeHeaderValue("SGk=?=")).toBe("SGk=?=");
});

const toolsCall: Request = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "größe", arguments: {} } };
const good = {
  "mcp-protocol-version": "2026-07-28",
  "mcp-method": "tools/call",
  "mcp-name": encodeHeaderValue("größe"),
};

test("headers that mirror the body pass; missing, other and undecodable ones are a header mismatch", () => {
  const check = (headers: object) => () => checkStandardHeaders({ ...good, ...headers }, toolsCall, "2026-07-28");
  expect(check({})).not.toThrow();
  for (const bad of [
    { "mcp-protocol-version": undefined },
    { "mcp-protocol-version": "2025-11-25" },
    { "mcp-method": "tools/list" },
    { "mcp-name": undefined },
    { "mcp-name": "other" },
    { "mcp-name": "=?base64?a?=" },
  ]) {
    expect(check(bad), JSON.stringify(bad)).toThrow(
      expect.objectContaining({ code: "header_mismatch", rpcCode: -32020 }),
    );
  }
});

const schema = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    limits: { type: "object", properties: { count: { type: "integer", "x-mcp-header": "Count" } } },
  },
};

test("mirrored parameters are found along properties, and read from the arguments", () => {
  const parameters = mirroredParameters(schema)!;
  expect(parameters).toEqual([
    { header: "mcp-param-region", path: ["region"] },
    { header: "mcp-param-count", path: ["limits", "count"] },
  ]);
  expect(mirroredValue({ region: "eu", limits: { count: 7 } }, parameters[1]!)).toBe("7");
  expect(mirroredValue({ region: null }, parameters[0]!)).toBeUndefined();
  expect(mirroredValue({ limits: "no object" }, parameters[1]!)).toBeUndefined();
});

test.each([
  ["empty", { properties: { a: { type: "string", "x-mcp-header": "" } } }],
  ["no token", { properties: { a: { type: "string", "x-mcp-header": "a b" } } }],
  ["a line break", { properties: { a: { type: "string", "x-mcp-header": "a\r\nb" } } }],
  ["a number", { properties: { a: { type: "number", "x-mcp-header": "A" } } }],
  ["an array", { properties: { a: { type: "array", items: { type: "string", "x-mcp-header": "A" } } } }],
  ["within oneOf", { oneOf: [{ properties: { a: { type: "string", "x-mcp-header": "A" } } }] }],
  [
    "the same but for case",
    { properties: { a: { type: "string", "x-mcp-header": "A" }, b: { type: "string", "x-mcp-header": "a" } } },
  ],
])("a tool whose x-mcp-header is %s is not to be offered", (_what, inputSchema) => {
  expect(mirroredParameters({ type: "object", ...inputSchema })).toBeNull();
});

test("mirrored headers are checked both ways, integers by their value", () => {
  const parameters = mirroredParameters(schema)!;
  const check = (headers: Record<string, string>, args: object) => () =>
    checkMirroredHeaders(headers, args, parameters);
  expect(
    check({ "mcp-param-region": "eu", "mcp-param-count": "7.0" }, { region: "eu", limits: { count: 7 } }),
  ).not.toThrow();
  expect(check({}, {})).not.toThrow();
  expect(check({}, { region: "eu" })).toThrow(/Mismatch|mismatch/);
  expect(check({ "mcp-param-region": "us" }, { region: "eu" })).toThrow(/mismatch/);
  expect(check({ "mcp-param-region": "eu" }, {})).toThrow(/mismatch/);
});
