import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openEgress } from "@gatehouse/egress/egress";
import { deliverTurn } from "@gatehouse/gatehouse/audit/deliver";
import { verifyExport } from "@gatehouse/gatehouse/audit/verify";
import { newAuditId } from "@gatehouse/store/audit";
import { type DueDelivery, findDeliveryLag } from "@gatehouse/store/audit-deliveries";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { openDatabase } from "@gatehouse/store/database";
import { startHouse } from "@gatehouse/testing/house";
import { sql } from "kysely";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Send, signIn } from "./signed-in.ts";

const API = "/api/orgs/acme/audit-deliveries";
const PATIENCE = { timeout: 30_000, interval: 50 };

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Answering = (response: ServerResponse) => void;

/** Stays at its port when it is killed and started again. */
async function startReceiver() {
  const received: Received[] = [];
  /** What it does with the next ones; what it takes is then in `received`. */
  const failures: Answering[] = [];
  /** Of those that are sent to `/late…`: never answered. */
  const late: ServerResponse[] = [];
  let open = 0;
  let openMax = 0;
  let accepted = "{}";

  const serve = () =>
    createServer(async (request, response) => {
      openMax = Math.max(openMax, ++open);
      response.on("close", () => open--);
      const body = await text(request);
      if (request.url!.startsWith("/late")) return void late.push(response);
      const fail = failures.shift();
      if (fail) return fail(response);
      received.push({ path: request.url!, headers: request.headers, body });
      response.setHeader("content-type", "application/json").end(accepted);
    });
  const listen = (server: Server, port: number) =>
    new Promise<Server>((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));

  let server = await listen(serve(), 0);
  const { port } = server.address() as AddressInfo;
  function kill(): void {
    server.closeAllConnections();
    server.close();
  }
  return {
    ...{ received, failures, late, port, kill },
    url: `http://127.0.0.1:${port}`,
    openMax: () => openMax,
    answer: (body: object) => {
      accepted = JSON.stringify(body);
    },
    restart: async () => {
      server = await listen(serve(), port);
    },
    async [Symbol.asyncDispose]() {
      kill();
    },
  };
}

type Receiver = Awaited<ReturnType<typeof startReceiver>>;

async function startAcme(receiver: Receiver) {
  await using stack = new AsyncDisposableStack();
  const apps = ["auth", "dashboard"] as const;
  const egressAllow = [`127.0.0.1:${receiver.port}`];
  const house = stack.use(await startHouse({ apps, egressAllow }));
  // Another replica, which would deliver as well.
  stack.use(await startHouse({ apps: ["dashboard"], access: house.access, vault: house.vault, egressAllow }));
  const [acme, other] = [await house.addOrg({ slug: "acme" }), await house.addOrg({ slug: "other" })];
  const owner = await house.addMember(acme, { email: "olga@acme.example", role: "owner" });
  const admin = await house.addMember(acme, { email: "anna@acme.example", role: "admin" });
  const stranger = await house.addMember(other, { email: "sam@other.example", role: "owner" });
  const writer = stack.use(
    openAuditWriter({ access: house.access, onError: (error) => expect.unreachable(`${error}`) }),
  );
  async function call(count: number, entry: object = {}): Promise<void> {
    const row = { orgId: acme.id, userId: owner.id, connectorId: null, event: "call" as const, outcome: "ok" };
    const rows = Array.from({ length: count }, () => ({
      ...row,
      id: newAuditId(),
      at: new Date(),
      entry: { ...entry },
    }));
    await Promise.all(rows.map((row) => writer.append(row)));
  }
  const as = {
    owner: await signIn(house, owner),
    admin: await signIn(house, admin),
    stranger: await signIn(house, stranger),
  };
  const opened = stack.move();
  return { house, acme, owner, call, as, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let receiver: Receiver;
let started: Awaited<ReturnType<typeof startAcme>>;

beforeAll(async () => {
  receiver = await startReceiver();
  started = await startAcme(receiver);
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

const at = (path: string) => receiver.received.filter((received) => received.path === path);
const rowsAt = (path: string): { seq: number; event: string; userName: string }[] =>
  at(path).flatMap(({ body }) => JSON.parse(body).data.rows);

async function stateOf(send: Send, id: string) {
  const { json } = await send("GET", API);
  return json.deliveries.find((delivery: { id: string }) => delivery.id === id);
}

const deliveriesOf = async (send: Send) => (await send("GET", API)).json.deliveries as { id: string }[];

/** As whoever has received them would, without the heads. */
async function verified(rows: object[]) {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-received-"));
  const file = join(directory, "rows.jsonl");
  const lines = new Set(rows.map((row) => JSON.stringify(row)));
  await writeFile(file, [...lines].join("\n"));
  const verdicts = await Array.fromAsync(verifyExport(file, { count: () => {} }));
  await rm(directory, { recursive: true });
  return verdicts;
}

/** Sooner than it would be tried again. */
const hasten = () => sql`update audit_deliveries set due_at = now() where attempts > 0`.execute(started.house.ownerDb);

test("a webhook has every row in its order, signed, whatever becomes of it meanwhile", {
  timeout: 90_000,
}, async () => {
  const { as, call, acme } = started;
  await call(1200);
  receiver.failures.push(
    (response) => response.writeHead(500).end(),
    (response) => response.destroy(),
    (response) => response.writeHead(429, { "retry-after": "1" }).end(),
  );
  const made = await as.owner("POST", API, { kind: "webhook", url: `${receiver.url}/all`, startsAt: "beginning" });
  expect(made).toMatchObject({ status: 201, json: { secret: expect.stringMatching(/^whsec_[\w+/]{43}=$/) } });
  const { id, secret } = made.json;
  await expect.poll(() => at("/all").length, PATIENCE).toBeGreaterThan(0);
  receiver.kill();
  await call(700);
  await expect
    .poll(() => stateOf(as.owner, id), PATIENCE)
    .toMatchObject({
      error: expect.stringMatching(/refuses connections|failed/),
      behind: expect.toSatisfy((behind: number) => behind > 0),
      retryAt: expect.any(String),
    });
  await receiver.restart();
  await hasten();
  await expect.poll(() => rowsAt("/all").length, PATIENCE).toBeGreaterThanOrEqual(1900);
  await expect.poll(() => stateOf(as.owner, id), PATIENCE).toMatchObject({ behind: 0, error: null, attempts: 0 });

  const seqs = [...new Set(rowsAt("/all").map(({ seq }) => seq))];
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  expect(receiver.openMax()).toBe(1);
  expect(await verified(rowsAt("/all"))).toMatchObject([{ org: acme.id, finding: null, end: { seq: seqs.length } }]);
  for (const { body, headers } of at("/all")) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: "audit.rows" });
  }
  expect(rowsAt("/all").find(({ event }) => event === "sign_in")).toMatchObject({
    userName: expect.stringContaining("@"),
  });
});

test("what was under way when its sender was killed is sent again under the same name", async () => {
  const { as, house } = started;
  const made = await as.owner("POST", API, { kind: "webhook", url: `${receiver.url}/again`, startsAt: "now" });
  const { id } = made.json;
  await as.owner("PATCH", `${API}/${id}`, { paused: true });
  await sql`update audit_deliveries set delivered_seq = 2, sending_seq = 7 where id = ${id}`.execute(house.ownerDb);
  await as.owner("PATCH", `${API}/${id}`, { paused: false });
  await expect.poll(() => at("/again").length, PATIENCE).toBeGreaterThan(0);
  expect(at("/again")[0]!.headers["webhook-id"]).toBe(`${id}_7`);
  expect(JSON.parse(at("/again")[0]!.body).data.rows.map(({ seq }: { seq: number }) => seq)).toEqual([3, 4, 5, 6, 7]);
  await as.owner("DELETE", `${API}/${id}`);
});

test("as OTLP logs, with the owner's own headers, which nobody sees again", async () => {
  const { as, house, call, acme } = started;
  const headers = { authorization: "Splunk canary-of-a-token" };
  const url = `${receiver.url}/v1/logs?key=canary-of-a-query`;
  receiver.answer({ partialSuccess: { rejectedLogRecords: "1", errorMessage: "too old" } });
  const { json } = await as.owner("POST", API, { kind: "otlp", url, headers, startsAt: "now" });
  expect(json.secret).toBeNull();
  const trace = { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", tool: "search", address: "203.0.113.7" };
  await call(1, trace);
  const logs = () => at("/v1/logs?key=canary-of-a-query");
  await expect
    .poll(
      () =>
        logs()
          .map(({ body }) => body)
          .join(),
      PATIENCE,
    )
    .toContain(trace.trace_id);
  receiver.answer({});
  const { headers: sent, body } = logs().at(-1)!;
  expect(sent).toMatchObject({ ...headers, "content-type": "application/json" });
  const [{ resource, scopeLogs }] = JSON.parse(body).resourceLogs;
  expect(resource.attributes).toContainEqual({ key: "gatehouse.org", value: { stringValue: "acme" } });
  expect(scopeLogs[0].logRecords.at(-1)).toMatchObject({
    timeUnixNano: expect.stringMatching(/^\d{19}$/),
    severityText: "INFO",
    eventName: "gatehouse.call",
    traceId: trace.trace_id,
    attributes: expect.arrayContaining([
      { key: "gatehouse.tool", value: { stringValue: "search" } },
      { key: "user.name", value: { stringValue: "olga@acme.example" } },
      { key: "gatehouse.seq", value: { intValue: expect.stringMatching(/^\d+$/) } },
    ]),
  });
  const state = await stateOf(as.owner, json.id);
  expect(state).toMatchObject({ target: `${receiver.url}/v1/logs?…` });
  await as.owner("DELETE", `${API}/${json.id}`);
  const { rows } = await sql`select row_to_json(d)::text as text from audit_deliveries d
    union all select entry::text from audit_log where org_id = ${acme.id}
    union all select entry::text from audit`.execute(house.ownerDb);
  expect(JSON.stringify([rows, house.log, state])).not.toContain("canary-of-a");
});

test("paused, nothing is sent; a replaced secret signs beside the new one; deleted, it is gone", async () => {
  const { as, call } = started;
  const made = await as.owner("POST", API, { kind: "webhook", url: `${receiver.url}/paused`, startsAt: "now" });
  const { id, secret } = made.json;
  expect((await as.owner("PATCH", `${API}/${id}`, { paused: true })).status).toBe(204);
  // That it was made is a row itself, and may have been sent before it was paused.
  const sent = at("/paused").length;
  await call(3);
  await expect.poll(() => stateOf(as.owner, id), PATIENCE).toMatchObject({ paused: true, retryAt: null });
  await expect.poll(async () => (await stateOf(as.owner, id)).behind, PATIENCE).toBeGreaterThanOrEqual(3);
  expect(at("/paused")).toHaveLength(sent);
  const asSeen = { "if-match": (await stateOf(as.owner, id)).etag };
  const replaced = (await as.owner("POST", `${API}/${id}/secret`, undefined, asSeen)).json.secret;
  expect((await as.owner("DELETE", `${API}/${id}`, undefined, asSeen)).status).toBe(412);
  await as.owner("PATCH", `${API}/${id}`, { paused: false });
  await expect.poll(() => rowsAt("/paused").length, PATIENCE).toBeGreaterThanOrEqual(3);
  const { body, headers } = at("/paused")[sent]!;
  for (const each of [secret, replaced]) new Webhook(each).verify(body, headers as Record<string, string>);
  expect((await as.owner("DELETE", `${API}/${id}`)).status).toBe(204);
  expect((await as.owner("DELETE", `${API}/${id}`)).status).toBe(404);
  const { json } = await as.owner("GET", "/api/orgs/acme/audit?event=audit_delivery.changed");
  expect(json.entries.map(({ entry }: { entry: object }) => entry)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ before: { paused: false }, after: { paused: true } }),
      expect.objectContaining({ after: { secret: "changed" } }),
    ]),
  );
});

test("it can be tried; what is inside is refused; nobody but an owner sees it", async () => {
  const { as, house } = started;
  const create = (url: string) => as.owner("POST", API, { kind: "webhook", url, startsAt: "now" });
  for (const url of [
    "http://127.0.0.1:1/",
    "https://169.254.169.254/",
    "http://[::1]:1/",
    house.url,
    "http://example.com/",
    "ftp://x.example/",
  ]) {
    expect(await create(url)).toMatchObject({ status: 422, json: { fields: { url: expect.any(String) } } });
  }
  const named = (await create("http://localhost:1/")).json.id;
  const refused = await as.owner("POST", `${API}/${named}/test`);
  expect(refused.json).toMatchObject({
    taken: false,
    says: expect.stringContaining("not an address of the public internet"),
  });
  const { id, secret } = (await create(`${receiver.url}/tried`)).json;
  expect((await as.owner("POST", `${API}/${id}/test`)).json).toMatchObject({ taken: true });
  const { body, headers } = at("/tried").find(({ body }) => body.includes("audit.test"))!;
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: "audit.test",
    data: { rows: [] },
  });
  receiver.failures.push((response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end());
  const redirected = await as.owner("POST", `${API}/${id}/test`);
  expect(redirected.json).toEqual({
    taken: false,
    says: `127.0.0.1:${receiver.port} answered 302: redirects are not followed`,
  });

  for (const [method, path, body] of [
    ["GET", API, undefined],
    ["POST", API, { kind: "webhook", url: "https://siem.example.com/", startsAt: "now" }],
    ["PATCH", `${API}/${id}`, { paused: true }],
    ["POST", `${API}/${id}/secret`, undefined],
    ["POST", `${API}/${id}/test`, undefined],
    ["DELETE", `${API}/${id}`, undefined],
  ] as const) {
    expect([method, path, (await as.admin(method, path, body)).status]).toEqual([method, path, 403]);
    expect([method, path, (await as.stranger(method, path, body)).status]).toEqual([method, path, 404]);
    if (path === API) continue;
    const elsewhere = await as.stranger(method, path.replace("acme", "other"), body);
    expect([method, path, elsewhere.status]).toEqual([method, path, 404]);
  }
});

test("an org all of whose receivers are slow keeps nobody else's rows", async () => {
  const { as } = started;
  for (const { id } of await deliveriesOf(as.owner)) await as.owner("DELETE", `${API}/${id}`);
  for (let at = 0; at < 10; at++) {
    await as.owner("POST", API, { kind: "webhook", url: `${receiver.url}/late${at}`, startsAt: "beginning" });
  }
  await expect.poll(() => receiver.late.length, PATIENCE).toBe(10);
  const webhook = { kind: "webhook", url: `${receiver.url}/others`, startsAt: "beginning" };
  await as.stranger("POST", API.replace("acme", "other"), webhook);
  await expect.poll(() => at("/others").length, PATIENCE).toBeGreaterThan(0);
  expect(receiver.late.some(({ destroyed }) => !destroyed)).toBe(true);
  for (const { id } of await deliveriesOf(as.owner)) await as.owner("DELETE", `${API}/${id}`);
});

test("whoever has more to come when their turn is over gets the rest in their next one", async () => {
  const { as, house, acme } = started;
  const webhook = { kind: "webhook", url: `${receiver.url}/turns`, startsAt: "now" };
  const { id } = (await as.owner("POST", API, webhook)).json;
  await as.owner("PATCH", `${API}/${id}`, { paused: true });
  // Nobody else takes it.
  await sql`update audit_deliveries set paused = false, due_at = 'infinity', delivered_seq = 0, sending_seq = null
    where id = ${id}`.execute(house.ownerDb);
  await using db = openDatabase(house.access, "gatehouse_chain");
  await using egress = openEgress({ allow: [new URL(receiver.url).host], ownOrigins: [] });
  const sending = { db, egress, vault: house.vault, signal: new AbortController().signal };
  async function takeTurn(turnMs: number): Promise<number[]> {
    receiver.received.length = 0;
    const { rows } = await sql<DueDelivery>`select id, kind, sealed, delivered_seq::float8 as "deliveredSeq",
      sending_seq::float8 as "sendingSeq" from audit_deliveries where id = ${id}`.execute(house.ownerDb);
    await deliverTurn(sending, { ...rows[0]!, org: acme }, turnMs);
    return rowsAt("/turns").map(({ seq }) => seq);
  }
  expect(await takeTurn(0)).toEqual(Array.from({ length: 500 }, (_, at) => at + 1));
  expect(await takeTurn(0)).toEqual(Array.from({ length: 500 }, (_, at) => at + 501));
  expect((await takeTurn(Number.POSITIVE_INFINITY)).length).toBeGreaterThan(500);
});

test("how long a row has waited that could be sent is known; what is put off waits for its receiver", async () => {
  const { as, house, acme } = started;
  const webhook = { kind: "webhook", url: `${receiver.url}/lag`, startsAt: "now" };
  const { id } = (await as.owner("POST", API, webhook)).json;
  const transaction = await house.ownerDb.startTransaction().execute();
  async function lagMinutes(dueAt: string): Promise<number> {
    await sql`update audit_deliveries set delivered_seq = 0, due_at = ${dueAt}::timestamptz where id = ${id}`.execute(
      transaction,
    );
    return Math.round((await findDeliveryLag(transaction)) / 60);
  }
  await sql`update audit_log set at = now() - interval '1 hour' where org_id = ${acme.id} and seq = 1`.execute(
    transaction,
  );
  expect(await lagMinutes("infinity")).toBe(0);
  expect(await lagMinutes(new Date(Date.now() - 20 * 60_000).toISOString())).toBe(20);
  expect(await lagMinutes("-infinity")).toBe(60);
  await transaction.rollback().execute();
});
