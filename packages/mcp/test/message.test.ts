import { expect, test } from "vitest";
import { eraOf } from "../src/eras.ts";
import { asMessage, type Message } from "../src/message.ts";

const codeOf = (value: unknown) => {
  try {
    asMessage(value);
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("requests, notifications and responses are told from what is none", () => {
  expect(codeOf({ jsonrpc: "2.0", id: 1, method: "ping" })).toBe("accepted");
  expect(codeOf({ jsonrpc: "2.0", method: "notifications/initialized" })).toBe("accepted");
  expect(codeOf({ jsonrpc: "2.0", id: "a", result: {} })).toBe("accepted");
  for (const bad of [
    null,
    "ping",
    [{ jsonrpc: "2.0", id: 1, method: "ping" }],
    { id: 1, method: "ping" },
    { jsonrpc: "2.0", id: null, method: "ping" },
    { jsonrpc: "2.0", id: 1.5, method: "ping" },
    { jsonrpc: "2.0", id: 1, method: 7 },
    { jsonrpc: "2.0", id: 1 },
    { jsonrpc: "2.0", id: 1, result: {}, error: { code: 1, message: "" } },
  ]) {
    expect(codeOf(bad), JSON.stringify(bad)).toBe("invalid_request");
  }
  expect(codeOf({ jsonrpc: "2.0", id: 1, method: "ping", params: [] })).toBe("invalid_params");
  expect(codeOf({ jsonrpc: "2.0", id: 1, method: "ping", params: { _meta: 1 } })).toBe("invalid_params");
});

test("the envelope decides the era, and initialize is always legacy's", () => {
  const request = (method: string, meta?: object) =>
    ({ jsonrpc: "2.0", id: 1, method, params: meta ? { _meta: meta } : {} }) as Message;
  const envelope = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
  expect(eraOf(request("tools/list", envelope), undefined)).toBe("modern");
  expect(eraOf(request("tools/list"), "2026-07-28")).toBe("modern");
  expect(eraOf(request("tools/list"), "2025-11-25")).toBe("legacy");
  expect(eraOf(request("tools/list"), undefined)).toBe("legacy");
  expect(eraOf(request("initialize"), "2026-07-28")).toBe("legacy");
});
