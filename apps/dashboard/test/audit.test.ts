import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headSignerOf } from "@gatehouse/audit/head";
import { signHeads } from "@gatehouse/gatehouse/audit/sign-heads";
import { verifyExport } from "@gatehouse/gatehouse/audit/verify";
import { type AuditRow, insertAudit, newAuditId } from "@gatehouse/store/audit";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { withOrg } from "@gatehouse/store/database";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyOnce } from "../server/audit/verify-once.ts";
import { type Send, signIn } from "./signed-in.ts";

const API = "/api/orgs/acme/audit";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const ROLES = ["owner", "admin", "member", "auditor"] as const;
const PATIENCE = { timeout: 15_000, interval: 50 };

interface Entry {
  id: string;
  event: string;
  outcome: string;
  user: string | null;
  entry: Record<string, unknown>;
}

async function startAcme() {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startHouse({ apps: ["auth", "dashboard"] }));
  const [acme, other] = [await house.addOrg({ slug: "acme" }), await house.addOrg({ slug: "other" })];
  const as = {} as Record<(typeof ROLES)[number] | "stranger", Send>;
  const ids: Record<string, string> = {};
  for (const role of ROLES) {
    const person = await house.addMember(acme, { email: `${role}@acme.example`, role });
    ids[role] = person.id;
    as[role] = await signIn(house, person);
  }
  as.stranger = await signIn(house, await house.addMember(other, { email: "sam@other.example", role: "owner" }));
  const mail = await house.addConnector(acme, { slug: "mail", url: "http://127.0.0.1:9/mcp" });
  const writer = stack.use(
    openAuditWriter({ access: house.access, onError: (error) => expect.unreachable(`${error}`) }),
  );

  async function log({ entry = {}, ...row }: Partial<AuditRow> = {}): Promise<string> {
    const id = row.id ?? newAuditId();
    const usual = {
      orgId: acme.id,
      at: new Date(),
      event: "call" as const,
      userId: ids.member!,
      connectorId: mail.id,
      outcome: "ok",
    };
    await writer.append({ ...usual, ...row, id, entry: { phase: "whole", method: "tools/call", ...entry } });
    return id;
  }
  const opened = stack.move();
  return { house, acme, other, mail, as, ids, log, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let started: Awaited<ReturnType<typeof startAcme>>;
beforeAll(async () => {
  started = await startAcme();
});
afterAll(() => started[Symbol.asyncDispose]());

const found = async (query: string, send = started.as.owner): Promise<Entry[]> =>
  (await send("GET", `${API}?${query}`)).json.entries;

/** Not only in the inbox, but with its place in the chain. */
async function chained(): Promise<void> {
  const waiting = () => sql`select from audit`.execute(started.house.ownerDb);
  await expect.poll(async () => (await waiting()).rows.length, PATIENCE).toBe(0);
}

test("rows are found by everything that they say, before they are chained and after", async () => {
  const { log, ids } = started;
  const entry = {
    tool: "find_me",
    client: "https://c.example/",
    token: ids.owner,
    address: "2001:db8::7",
    trace_id: TRACE,
    ...{ grant: "a-grant", arguments: { sha256: "a-hash" }, duration_ms: 1500.5, bytes_in: 10, bytes_out: 2000 },
  };
  const id = await log({ outcome: "tool_error", entry: { ...entry, error: "100% of _it_ is gone" } });
  const at = new Date();
  const queries = [
    "event=call&tool=find_me",
    "tool=find_me&outcome=tool_error",
    "tool=find_me&who=Member@acme.example",
    "tool=find_me&connector=mail",
    "client=https://c.example/",
    `token=${ids.owner}`,
    "address=2001:db8::7",
    `trace=${TRACE}`,
    "error=100%25 OF _it_",
    "tool=find_me&method=tools/call",
    "grant=a-grant",
    "arguments=a-hash&who=member@acme.example",
    "slower=1500.5&tool=find_me",
    "larger=2000",
    `tool=find_me&from=${new Date(at.getTime() - 60_000).toISOString()}&to=${new Date(at.getTime() + 60_000).toISOString()}`,
  ];
  const others = [
    "tool=find_me&outcome=ok",
    "tool=find_me&who=owner@acme.example",
    "tool=find_me&who=nobody@acme.example",
    "tool=find_me&connector=elsewhere",
    "tool=find_m%25",
    "error=100_ of",
    "tool=find_me&method=tools/list",
    "tool=find_me&slower=1501",
    "larger=2001",
    `tool=find_me&to=${new Date(at.getTime() - 60_000).toISOString()}`,
  ];
  for (const look of [chained, async () => {}]) {
    for (const query of queries) expect([query, (await found(query)).map((row) => row.id)]).toEqual([query, [id]]);
    for (const query of others) expect([query, await found(query)]).toEqual([query, []]);
    await look();
  }
});

test("a client's sign-in, consent and tokens are found by it, as older rows are", async () => {
  const { house, acme, mail, log } = started;
  const cleo = await house.addMember(acme, { email: "cleo@acme.example" });
  const { clientId } = await tokenFor(cleo, mail.url);
  const before = { event: "token.refreshed" as const, entry: { client_id: "an-older-client" } };
  const older = await log(before);
  for (const look of [async () => {}, chained]) {
    await look();
    const events = (await found(`client=${clientId}`)).map(({ event }) => event);
    expect(events).toEqual(["token.issued", "consent.granted", "sign_in"]);
    expect(await found(`client=${clientId}&event=sign_in&who=${cleo.email}`)).toHaveLength(1);
    expect(await found("client=an-older-client")).toMatchObject([{ id: older }]);
    expect(await found("client=an-older-client&event=token.refreshed&outcome=ok")).toMatchObject([{ id: older }]);
  }
  const csv = await started.as.owner("GET", `${API}/export?format=csv&client=an-older-client`);
  expect(csv.text.split("\r\n")[1]).toContain(`"","an-older-client",""`);
});

test("pages follow on each other without a gap, whatever comes meanwhile", async () => {
  const { log, as } = started;
  const ids: string[] = [];
  for (let count = 0; count < 7; count++) ids.unshift(await log({ entry: { tool: "paged" } }));
  const seen: string[] = [];
  for (let next: string | null = ""; next !== null; ) {
    const { json }: { json: { entries: Entry[]; next: string | null } } = await as.owner(
      "GET",
      `${API}?tool=paged&limit=3${next && `&after=${next}`}`,
    );
    seen.push(...json.entries.map(({ id }) => id));
    next = json.next;
    if (seen.length === 3) await log({ entry: { tool: "paged" } });
  }
  expect(seen).toEqual(ids);
});

test("what no index has is looked for among so many rows a page, and by the next in those before them", async () => {
  const { as, house, other } = started;
  await sql`
    insert into audit (id, org_id, at, event, outcome, entry, boot_id, counter)
    select replace(audit_id_at(at)::text, '-0000-0000-', '-7000-8000-')::uuid, ${other.id}, at, 'call', 'ok', json_build_object('method', case n when 1 then 'rare' end),
      '00000000-0000-4000-8000-000000000000', n
    from generate_series(1, 5001) as n, lateral (select now() - interval '1 hour' + n * interval '1 ms' as at) as t`.execute(
    house.ownerDb,
  );
  const rare = "/api/orgs/other/audit?method=rare";
  const { json: first } = await as.stranger("GET", rare);
  expect(first).toEqual({ entries: [], next: expect.any(String) });
  const { json: second } = await as.stranger("GET", `${rare}&after=${first.next}`);
  expect(second).toMatchObject({ entries: [{ entry: { method: "rare" } }], next: null });
  const { text } = await as.stranger("GET", "/api/orgs/other/audit/export?format=jsonl&method=rare");
  expect(
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
  ).toEqual([second.entries[0].id]);
});

test("a query that is wrong says so beside its field", async () => {
  for (const [query, field] of [
    ["limit=0", "limit"],
    ["limit=201", "limit"],
    ["after=1", "after"],
    ["event=%27%20or%201", "event"],
    ["from=yesterday", "from"],
    ["slower=soon", "slower"],
    ["larger=-1", "larger"],
    ["to=2026-13-01T00:00:00Z", "to"],
    [`tool=${"x".repeat(201)}`, "tool"],
  ] as const) {
    const answer = await started.as.owner("GET", `${API}?${query}`);
    expect([query, answer.status, Object.keys(answer.json.fields)]).toEqual([query, 422, [field]]);
  }
});

test("one event is told in full, with the other half of its call and what is in the same trace", async () => {
  const { log, as } = started;
  const trace = { trace_id: "a".repeat(32) };
  const neighbour = await log({ entry: { ...trace, tool: "before" } });
  const intent = newAuditId();
  const write = { ...trace, tool: "send", call: intent };
  await log({ id: intent, outcome: "started", entry: { ...write, phase: "intent", arguments: { sha256: "x" } } });
  const outcome = await log({ entry: { ...write, phase: "outcome", duration_ms: 12 } });
  for (const [id, other] of [
    [intent, outcome],
    [outcome, intent],
  ]) {
    const { json } = await as.auditor("GET", `${API}/${id}`);
    expect(json).toMatchObject({ id, user: "member@acme.example", connectorSlug: "mail", otherHalf: { id: other } });
    expect(json.neighbours.map(({ id }: Entry) => id)).toEqual([neighbour]);
  }
  expect((await as.owner("GET", `${API}/${intent}`)).json.entry.arguments).toEqual({ sha256: "x" });
  expect((await found("tool=send"))[1]!.entry).not.toHaveProperty("arguments");
});

test("opening sealed arguments is in the log itself, and what was not sealed for this row does not open", async () => {
  const { house, acme, log, as } = started;
  const [id, hashed, stolen] = [newAuditId(), newAuditId(), newAuditId()];
  const seal = async (row: string) =>
    (await house.vault.seal({ org: acme.id, row: `audit/${row}` }, '{"to":"max"}')).toString("base64");
  await log({ id, entry: { arguments: { sha256: "x", sealed: await seal(id) } } });
  await log({ id: hashed, entry: { arguments: { sha256: "x" } } });
  await log({ id: stolen, entry: { arguments: { sealed: await seal(id) } } });
  expect((await as.member("GET", `${API}/${id}/arguments`)).status).toBe(403);
  expect(await found("event=arguments.read")).toEqual([]);
  expect((await as.auditor("GET", `${API}/${id}/arguments`)).json).toEqual({ arguments: { to: "max" } });
  const read = await found("event=arguments.read&who=auditor@acme.example");
  expect(read).toMatchObject([{ user: "auditor@acme.example", entry: { row: id } }]);
  expect((await as.owner("GET", `${API}/${hashed}/arguments`)).status).toBe(404);
  expect((await as.owner("GET", `${API}/${stolen}/arguments`)).status).toBe(500);
});

test("the whole log as JSON lines can be verified elsewhere; a choice of it, and CSV, come newest first", async () => {
  const { as, log, acme } = started;
  await log({ entry: { tool: "=cmd()", client: 'a "quoted", name\nand line' } });
  await chained();
  await as.owner("PUT", `${API}/settings`, { arguments: "hashed", retentionDays: null });
  const whole = await as.auditor("GET", `${API}/export?format=jsonl`);
  expect(whole.headers.get("content-disposition")).toMatch(/filename="acme-audit-\d{4}-\d\d-\d\d\.jsonl"/);
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-export-"));
  const file = join(directory, "acme.jsonl");
  await writeFile(file, whole.text);
  const verdicts = await Array.fromAsync(verifyExport(file, { count: () => {} }));
  await rm(directory, { recursive: true });
  expect(verdicts).toMatchObject([{ org: acme.id, finding: null }]);
  expect(verdicts[0]!.rows).toBeGreaterThan(10);

  const chosen = await as.auditor("GET", `${API}/export?format=jsonl&tool=paged`);
  const ids = chosen.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id);
  expect(ids).toEqual([...ids].sort().reverse());
  expect(ids).toHaveLength(8);
  const csv = await as.auditor("GET", `${API}/export?format=csv&tool=%3Dcmd()`);
  expect(csv.text.split("\r\n")[1]).toContain(`"'=cmd()","a ""quoted"", name\nand line"`);
  for (const query of ["", "format=xml", "format=csv&limit=0&from=x"]) {
    expect((await as.owner("GET", `${API}/export?${query}`)).status).toBe(422);
  }
});

test("how far the chain goes is told, and that something was changed", async () => {
  const { as, house, log, acme } = started;
  const key = headSignerOf(house.vault);
  for (const _ of ["first", "last"]) {
    await log();
    await chained();
    await signHeads(house.ownerDb, key, async () => {});
  }
  const { json } = await as.auditor("GET", `${API}/integrity`);
  expect(json).toMatchObject({ chained: { seq: expect.any(Number), at: expect.any(String) }, retainedFrom: 1 });
  expect(json.signed).toMatchObject({ seq: json.chained.seq, key: key.key });
  async function verdict() {
    const lines = (await as.auditor("GET", `${API}/verdict`)).text.trim().split("\n");
    const [{ progress }, { result }] = [JSON.parse(lines[0]!), JSON.parse(lines.at(-1)!)];
    expect(progress.all).toBeGreaterThanOrEqual(json.chained.seq);
    return result;
  }
  expect(await verdict()).toMatchObject({ chainedSeq: json.chained.seq, finding: null });
  const change = (from: string, to: string) =>
    sql`update audit_log set outcome = ${to} where org_id = ${acme.id} and seq = 3 and outcome = ${from}`.execute(
      house.ownerDb,
    );
  await change("ok", "forged");
  expect((await verdict()).finding).toMatch(/^Row 3 .* was changed/);
  await change("forged", "ok");
  expect((await verdict()).finding).toBeNull();

  // As another process would.
  const elsewhere = await verifyOnce({ db: house.ownerDb, vault: house.vault }, acme.id);
  expect((await as.owner("GET", `${API}/verdict`)).status).toBe(409);
  const told: number[][] = [];
  const tell = async (done: number, all: number) => told.push([done, all]);
  await elsewhere({ tell, isGone: () => false });
  expect(told[0]).toEqual([0, expect.any(Number)]);
  expect((await verdict()).finding).toBeNull();
});

test("an owner alone says what is kept, within bounds, and that is in the log with what it was before", async () => {
  const { as } = started;
  const wanted = { arguments: "redacted", retentionDays: 90 };
  const traced = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
  expect((await as.owner("PUT", `${API}/settings`, wanted, traced)).status).toBe(204);
  expect((await as.auditor("GET", `${API}/settings`)).json).toEqual(wanted);
  for (const [body, field] of [
    [{ ...wanted, retentionDays: 29 }, "retentionDays"],
    [{ ...wanted, retentionDays: 3651 }, "retentionDays"],
    [{ ...wanted, arguments: "plain" }, "arguments"],
  ] as const) {
    const { status, json } = await as.owner("PUT", `${API}/settings`, body);
    expect([status, Object.keys(json.fields)]).toEqual([422, [field]]);
  }
  await as.owner("PUT", `${API}/settings`, { arguments: "hashed", retentionDays: null });
  const [last, first] = await found("event=audit_settings.changed");
  expect(first!.entry).toMatchObject({ after: wanted, address: "127.0.0.1", trace_id: TRACE });
  expect(last).toMatchObject({
    user: "owner@acme.example",
    entry: { before: wanted, after: { arguments: "hashed", retentionDays: null } },
  });
});

test("who may do what, by role; another org's rows cannot be told from those that do not exist", async () => {
  const { as, house, other, log } = started;
  const id = await log();
  const reads = ["", "/export?format=csv", "/integrity", "/verdict", "/settings", `/${id}`];
  for (const path of reads) {
    const statuses: number[] = [];
    for (const role of ROLES) statuses.push((await as[role]("GET", API + path)).status);
    expect([path, ...statuses]).toEqual([path, 200, 200, 403, 200]);
    expect([path, (await as.stranger("GET", API + path)).status]).toEqual([path, 404]);
  }
  const settings = { arguments: "sealed", retentionDays: 30 };
  for (const role of ["admin", "member", "auditor"] as const) {
    expect([role, (await as[role]("PUT", `${API}/settings`, settings)).status]).toEqual([role, 403]);
  }
  await withOrg(house.ownerDb, other.id, (scope) =>
    insertAudit(scope, { event: "call", outcome: "ok", entry: { tool: "theirs" } }),
  );
  const [{ id: theirs, entry }] = (await as.stranger("GET", "/api/orgs/other/audit?tool=theirs")).json.entries;
  expect(entry).toEqual({ tool: "theirs" });
  const missing = await as.owner("GET", `${API}/${newAuditId()}`);
  expect(missing.status).toBe(404);
  for (const path of [`${API}/${theirs}`, `${API}/${theirs}/arguments`, `${API}/1`]) {
    const answer = await as.owner("GET", path);
    expect([path, answer.status, answer.json.detail]).toEqual([path, 404, missing.json.detail]);
  }
  expect(await found("tool=theirs")).toEqual([]);
  expect((await as.owner("GET", `${API}/export?format=jsonl`)).text).not.toContain("theirs");
});
