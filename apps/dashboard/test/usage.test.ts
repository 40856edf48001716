import { randomBytes } from "node:crypto";
import { countUsage } from "@gatehouse/gatehouse/usage/count-usage";
import { newAuditId } from "@gatehouse/store/audit";
import type { AuditEvent } from "@gatehouse/store/audit-events";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { openDatabase, withOrg } from "@gatehouse/store/database";
import { insertStaticToken } from "@gatehouse/store/static-tokens";
import { listUsageBy } from "@gatehouse/store/usage";
import { chainEverything } from "@gatehouse/testing/chain-everything";
import { startHouse, type TestHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";
import { signIn } from "./signed-in.ts";

const MINUTE_MS = 60_000;

async function startAcme() {
  const house = await startHouse({ apps: ["auth", "dashboard"] });
  const org = await house.addOrg({ slug: "acme" });
  const owner = await house.addMember(org, { email: "olga@acme.example", role: "owner" });
  const endpoint = await house.addConnector(org, { slug: "tools", url: "http://127.0.0.1:9/mcp", tools: [TOOL] });
  return Object.assign(house, { org, owner, endpoint });
}

const TOOL = { name: "=look", inputSchema: { type: "object" } };

type Acme = Awaited<ReturnType<typeof startAcme>>;

/** As the gateway writes them. */
async function record(
  { access, org, owner, endpoint }: Acme,
  rows: { at: Date; outcome?: string; event?: AuditEvent; entry: object }[],
) {
  await using writer = openAuditWriter({ access, onError: (error) => expect.unreachable(String(error)) });
  const same = { orgId: org.id, userId: owner.id, connectorId: endpoint.id, event: "call" as const, outcome: "ok" };
  await Promise.all(rows.map((row) => writer.append({ id: newAuditId(), ...same, ...row, entry: { ...row.entry } })));
}

const whole = (bytes: number, ms: number) => ({
  ...{ phase: "whole", method: "tools/call", tool: "=look", client: "claude" },
  ...{ bytes_in: bytes, bytes_out: 10 * bytes, duration_ms: ms },
});

/** Answers its id. */
function addToken({ ownerDb, org, owner }: Acme): Promise<string> {
  const token = { name: "CI", scopes: ["mcp:read"], connectorIds: null, expiresAt: new Date(Date.now() + MINUTE_MS) };
  const minted = { ...token, hash: randomBytes(32), createdBy: owner.id };
  return withOrg(ownerDb, org.id, (scope) => insertStaticToken(scope, { userId: owner.id }, minted));
}

const byToken = (id: string) => ({ ...whole(100, 20), client: undefined, token: id });

/** What the jobs do, now. */
async function count({ access }: TestHouse): Promise<void> {
  await using db = openDatabase(access, "gatehouse_chain", 2);
  await chainEverything(db);
  await Promise.all([countUsage(db), countUsage(db)]);
  await countUsage(db);
}

test("usage is the audit rows', each counted once, however often and by how many it is counted", async () => {
  await using house = await startAcme();
  const now = new Date();
  await record(house, [
    { at: now, entry: whole(100, 20) },
    { at: now, entry: { ...whole(100, 40), phase: "intent" }, outcome: "started" },
    { at: now, entry: { ...whole(100, 40), phase: "outcome" }, outcome: "tool_error" },
    { at: now, event: "limit.refused", outcome: "rate_limited", entry: { client: "claude", tool: "=look", count: 7 } },
  ]);
  await count(house);
  await record(house, [{ at: now, entry: whole(50, 60) }]);
  await count(house);
  const used = await withOrg(house.ownerDb, house.org.id, (scope) => listUsageBy(scope, "client", new Date(0), 10));
  expect(used).toEqual([
    {
      ...{ id: "claude", calls: 3, errors: 1, refused: 7, bytesIn: 250, bytesOut: 2500 },
      ...{ durationMsMean: 40, durationMsMax: 60, durationMsP50: 37.5, durationMsP95: 58.5 },
    },
  ]);
});

test("usage is told by connector, tool, member and client with their names, by hour or day, and beside the quotas", async () => {
  await using house = await startAcme();
  const now = Date.now();
  const tokenId = await addToken(house);
  await record(house, [
    { at: new Date(now), entry: whole(100, 20) },
    { at: new Date(now), entry: byToken(tokenId) },
    { at: new Date(now - 26 * 60 * MINUTE_MS), entry: whole(100, 20) },
  ]);
  await count(house);
  const send = await signIn(house, house.owner);
  await send("PUT", "/api/orgs/acme/limits", { subject: "org", amounts: { callsPerDay: 500 } });
  const week = (await send("GET", "/api/orgs/acme/usage?days=7")).json;
  expect(week).toMatchObject({
    step: "day",
    connectors: [{ name: "tools", calls: 3 }],
    tools: [{ id: `${house.endpoint.id}/=look`, name: "=look · tools", calls: 3 }],
    members: [{ name: "olga@acme.example", calls: 3 }],
    clients: [
      { id: "claude", name: null, calls: 2 },
      { id: `static-token:${tokenId}`, name: "CI", calls: 1 },
    ],
    quotas: { callsPerDay: { used: 2, max: 500 }, callsPerMonth: { max: null } },
  });
  expect(week.overTime).toHaveLength(2);
  expect((await send("GET", "/api/orgs/acme/usage?days=1")).json).toMatchObject({
    step: "hour",
    connectors: [{ calls: 2 }],
  });
  expect((await send("GET", "/api/orgs/acme/usage?days=8")).status).toBe(422);
});

test("every hour is there as JSON and as CSV, in which no name is a formula", async () => {
  await using house = await startAcme();
  const tokenId = await addToken(house);
  await record(house, [
    { at: new Date("2026-11-20T10:59:59.999Z"), entry: whole(100, 20) },
    { at: new Date("2026-11-20T11:00:00.000Z"), entry: byToken(tokenId) },
  ]);
  await count(house);
  const send = await signIn(house, house.owner);
  const path = "/api/orgs/acme/usage/hours?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";
  const { json } = await send("GET", path);
  expect(json).toMatchObject([
    { hour: "2026-11-20T10:00:00.000Z", connector: "tools", tool: "=look", calls: 1 },
    { clientId: `static-token:${tokenId}`, client: "CI", calls: 1 },
  ]);
  const csv = await send("GET", `${path}&format=csv`);
  expect(csv.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  const [names, row, tokens, rest] = csv.text.split("\r\n");
  expect(names).toMatch(/^hour,connector,/);
  expect(row).toBe(
    `2026-11-20T10:00:00.000Z,tools,${house.endpoint.id},'=look,olga@acme.example,${house.owner.id},,claude,1,0,0,100,1000,20,20,15,19.5`,
  );
  expect(tokens).toContain(`,CI,static-token:${tokenId},1,`);
  expect(rest).toBe("");
  expect((await send("GET", path.replace("2026-12", "2028-12"))).status).toBe(422);
});
