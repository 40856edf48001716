import { expect, test, vi } from "vitest";
import { createLogger } from "../src/log.ts";
import { startServer } from "../src/mcp.ts";
import { parseTraceparent } from "../src/spans.ts";

test("what has a secret's name is not in the log", () => {
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  log.info({ authorization: "Bearer canary-1", headers: { cookie: "canary-2" }, a: { b: { token: "canary-3" } } }, "x");
  expect(lines.join("")).not.toContain("canary");
});

test("of a thousand failures of one kind ten are told, and then how many more there were; others are told meanwhile", () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const app = log.child({ app: "auth" });
  for (let at = 0; at < 1000; at++) app.error({ err: away }, "request failed");
  log.error({ err: new Error("another") }, "request failed");
  log.error("without a cause");
  expect(lines).toHaveLength(12);
  vi.advanceTimersByTime(10_000);
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({ level: "error", app: "auth", msg: "request failed", more: 990 });
  app.error({ err: away }, "request failed");
  expect(lines).toHaveLength(14);
  vi.useRealTimers();
});

const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OPERATION = {
  org: "acme",
  connector: "tools",
  method: "tools/call",
  target: "echo",
  protocolVersion: "2026-07-28",
};
const nothing = () => ({ attributes: {} });

test("a client's trace goes on to the upstream, also where nothing is exported", () => {
  const server = startServer(OPERATION, TRACE, nothing);
  const client = server.startClient(() => ({}));
  expect(server.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(client.traceparent).toMatch(new RegExp(`^00-${server.traceId}-[0-9a-f]{16}-01$`));
});

test("what is no traceparent is ignored, and the call has a trace of its own", () => {
  for (const bad of ["", "00-0-0-01", TRACE.toUpperCase(), `00-${"0".repeat(32)}-b7ad6b7169203331-01`]) {
    expect(parseTraceparent(bad), bad).toBeNull();
  }
  expect(startServer(OPERATION, "nonsense", nothing).traceId).toMatch(/^[0-9a-f]{32}$/);
});
