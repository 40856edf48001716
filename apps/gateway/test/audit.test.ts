import { type AuditRow, listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
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
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
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
