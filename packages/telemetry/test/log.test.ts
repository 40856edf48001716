import { expect, test } from "vitest";
import { createLogger } from "../src/log.ts";
import { startServer } from "../src/mcp.ts";
import { parseTraceparent } from "../src/spans.ts";

test("what has a secret's name is not in the log", () => {
  const lines: string[] = [];
  const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
  log.info({ authorization: "Bearer canary-1", headers: { cookie: "canary-2" }, a: { b: { token: "canary-3" } } }, "x");
  expect(lines.join("")).not.toContain("canary");
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
