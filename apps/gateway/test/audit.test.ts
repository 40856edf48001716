import { type AuditRow, listAudit, NO_ORG } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import type { KeptArguments } from "@gatehouse/store/tables";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { bearer, callTool, modern, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendEvent, sendJson, startUpstream } from "./upstream.ts";

type Small = Awaited<ReturnType<typeof startSmallHouse>>;

const rowsOf = ({ house, org }: Small): Promise<AuditRow[]> =>
  withOrg(house.owner, org.id, (scope) => listAudit(scope, { limit: 100 }));

test("a read is in the audit log by the time its answer is complete: who, what, how it ended", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  await post(small.endpoint.url, callTool("look"), { ...bearer(small.token), "x-forwarded-for": "203.0.113.7" });
  const rows = await rowsOf(small);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    event: "call",
    outcome: "ok",
    userId: small.alice.id,
    connectorId: small.endpoint.id,
  });
  expect(rows[0]!.entry).toMatchObject({
    phase: "whole",
    method: "tools/call",
    tool: "look",
    client: "test",
    address: "203.0.113.7",
    era: "modern",
  });
});

test("a write is in the audit log before it reaches the upstream, and its outcome after", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  let seenByUpstream: AuditRow[] = [];
  upstream.on("tools/call", async (received, response) => {
    seenByUpstream = await rowsOf(small);
    sendJson(response, result(received, { resultType: "complete", content: [] }));
  });
  await post(small.endpoint.url, callTool("change"), bearer(small.token));
  expect(seenByUpstream).toMatchObject([{ outcome: "started", entry: { phase: "intent", tool: "change" } }]);
  const [outcome, intent] = await rowsOf(small);
  expect(outcome).toMatchObject({ outcome: "ok", entry: { phase: "outcome", call: intent!.id } });
});

test("an event stream's last event is held until its row is durable; those before it are not", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (received, response) => {
    sendEvent(response, {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progress: 1, progressToken: 1 },
    });
    sendEvent(response, result(received, { resultType: "complete", content: [], isError: true }));
    response.end();
  });
  await blockingAudit(small, async () => {
    const { message, headers } = callTool("look");
    const response = await fetch(small.endpoint.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers, ...bearer(small.token) },
      body: JSON.stringify(message),
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toContain("progress");
    const last = reader.read();
    const waited = await Promise.race([last, new Promise((resolve) => setTimeout(resolve, 300, "held"))]);
    expect(waited).toBe("held");
    return async () => expect((await last).value).toContain("result");
  });
  expect((await rowsOf(small))[0]).toMatchObject({ outcome: "tool_error" });
});

/** Runs `work` while nothing can be inserted into `audit`, and what it answers after that is over. */
async function blockingAudit({ house }: Small, work: () => Promise<() => Promise<void>>): Promise<void> {
  let after = async () => {};
  await house.owner.transaction().execute(async (transaction) => {
    await sql`lock table audit in share mode`.execute(transaction);
    after = await work();
  });
  await after();
}

test("when the audit log cannot be written, an answer is withheld, and says that the upstream was reached", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  await sql`revoke insert on audit from gatehouse_audit`.execute(small.house.owner);
  const read = await post(small.endpoint.url, callTool("look"), bearer(small.token));
  expect(read).toMatchObject({ status: 503, messages: [{ id: 1, error: { code: 503 } }] });
  expect(read.text).toContain("The upstream was reached");
  expect(read.text).not.toContain("Echo");
  expect(read.headers.get("retry-after")).toBe("2");
  const before = upstream.received.length;
  const write = await post(small.endpoint.url, callTool("change"), bearer(small.token));
  expect(write.status).toBe(503);
  expect(upstream.received).toHaveLength(before);
  await sql`grant insert on audit to gatehouse_audit`.execute(small.house.owner);
  expect((await post(small.endpoint.url, callTool("look"), bearer(small.token))).status).toBe(200);
});

test("a commit whose connection broke is sent again, and nothing is there twice", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where usename = 'gatehouse_audit' and datname = current_database()`.execute(small.house.owner);
  const answers = await Promise.all(
    [1, 2, 3].map((id) => post(small.endpoint.url, callTool("look", {}, { id }), bearer(small.token))),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await rowsOf(small)).toHaveLength(4);
});

test("refusals are recorded as calls are; what is over a limit is not a row each", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, {
    limits: { member: { callsPerMinute: 2 } },
  });
  const readOnly = await small.house.tokenFor(small.alice, small.endpoint, { claims: { scope: "mcp:read" } });
  await post(small.endpoint.url, callTool("change"), bearer(readOnly));
  await post(small.endpoint.url, modern("tools/list"), bearer(readOnly));
  expect((await post(small.endpoint.url, modern("tools/list"), bearer(readOnly))).status).toBe(429);
  expect((await rowsOf(small)).map(({ outcome }) => outcome)).toEqual(["ok", "insufficient_scope"]);
  expect((await post(small.endpoint.url, { message: "not JSON" }, bearer(readOnly))).status).toBe(429);
  expect(await rowsOf(small)).toHaveLength(2);
});

test("no token, argument or answer is in the audit log, in the application log or in clear in the database", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { bearer: "canary-credential" });
  await post(small.endpoint.url, callTool("change", { message: "canary-argument" }), bearer(small.token));
  await post(small.endpoint.url, callTool("look"), { ...bearer("canary-token"), cookie: "canary-cookie" });
  const { rows } = await sql<{ text: string }>`select query_to_xml('select * from audit', true, true, '')::text
    || query_to_xml('select * from connectors', true, true, '')::text as text`.execute(small.house.owner);
  const everything = rows[0]!.text + small.house.logged.join("\n");
  expect(everything).not.toContain("canary");
  expect(everything).not.toContain(Buffer.from("canary-credential").toString("hex"));
  expect(everything).not.toContain(small.token);
});

async function keeping(small: Small, kept: KeptArguments): Promise<Record<string, unknown>> {
  await small.house.owner.updateTable("orgs").set({ audit_arguments: kept }).execute();
  const known = async () => {
    await post(small.endpoint.url, callTool("look", { message: "canary", count: 3 }), bearer(small.token));
    return (await rowsOf(small))[0]!.entry.arguments as Record<string, unknown>;
  };
  let seen = await known();
  while (kept !== "hashed" && !(kept in seen)) seen = await known();
  return seen;
}

test("arguments are kept as the org wants: hashed, redacted, or whole and sealed", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  const hashed = await keeping(small, "hashed");
  expect(hashed).toEqual({ sha256: expect.stringMatching(/^[\w-]{43}$/) });
  expect(await keeping(small, "redacted")).toEqual({ redacted: { message: "string(6)", count: "number" } });
  const sealed = await keeping(small, "sealed");
  expect(sealed.sha256).toBe(hashed.sha256);
  const [row] = await rowsOf(small);
  const place = { org: small.org.id, row: `audit/${row!.id}` };
  const opened = await small.house.vault.open(place, Buffer.from(sealed.sealed as string, "base64"));
  expect(JSON.parse(opened)).toEqual({ message: "canary", count: 3 });
  await post(small.endpoint.url, callTool("change", { message: "canary" }), bearer(small.token));
  const [outcome, intent] = await rowsOf(small);
  expect(outcome!.entry.arguments).toBeUndefined();
  const whole = (intent!.entry.arguments as { sealed: string }).sealed;
  const there = { org: small.org.id, row: `audit/${intent!.id}` };
  expect(await small.house.vault.open(there, Buffer.from(whole, "base64"))).toContain("canary");
});

test("what went wrong is in the row in words", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (received, response) => {
    sendJson(response, {
      jsonrpc: "2.0",
      id: received.body.id,
      error: { code: -32000, message: "The disk is full" },
    });
  });
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  await post(small.endpoint.url, callTool("nothing"), bearer(small.token));
  const rows = await rowsOf(small);
  expect(rows.map(({ outcome, entry }) => [outcome, entry.error])).toEqual([
    ["invalid_params", expect.stringContaining("nothing")],
    ["rpc_error", "The disk is full"],
  ]);
});

test("strangers are counted by the minute and cause, and have no row each", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  for (const token of ["none", "of any worth"]) await post(small.endpoint.url, callTool("look"), bearer(token));
  await post(small.endpoint.url, callTool("look"), {});
  await small.house.gateway[Symbol.asyncDispose]();
  const rows = await withOrg(small.house.owner, NO_ORG, (scope) => listAudit(scope, { limit: 10 }));
  expect(rows).toMatchObject([{ event: "strangers.refused", outcome: "invalid_token", entry: { count: 3 } }]);
});
