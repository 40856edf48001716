import { expect, test } from "vitest";
import { createLogger } from "../src/log.ts";
import { openMcpTelemetry, parseTraceparent } from "../src/mcp.ts";

test("what has a secret's name is not in the log", () => {
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  log.info({ authorization: "Bearer canary-1", headers: { cookie: "canary-2" }, a: { b: { token: "canary-3" } } }, "x");
  expect(lines.join("")).not.toContain("canary");
});

const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

test("a client's trace goes on to the upstream, also where nothing is exported", () => {
  const telemetry = openMcpTelemetry();
  const operation = { method: "tools/call", target: "echo", protocolVersion: "2026-07-28" };
  const server = telemetry.startServer(operation, TRACE, () => ({}));
  const client = telemetry.startClient(server, () => ({}));
  expect(server.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(client.traceparent).toContain(server.traceId);
});

test("what is no traceparent is ignored, and the call has a trace of its own", () => {
  for (const bad of ["", "00-0-0-01", TRACE.toUpperCase(), `00-${"0".repeat(32)}-b7ad6b7169203331-01`]) {
    expect(parseTraceparent(bad), bad).toBeNull();
  }
  const server = openMcpTelemetry().startServer({ method: "ping", protocolVersion: "x" }, "nonsense", () => ({}));
  expect(server.traceId).toMatch(/^[0-9a-f]{32}$/);
});
