import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { verifyLog } from "@gatehouse/dashboard/audit/whole-log";
import { chainAll } from "@gatehouse/gatehouse/audit/chain-inbox";
import { startPostgres } from "@gatehouse/gatehouse/postgres";
import { databaseAccess } from "@gatehouse/gatehouse/secrets";
import { openDatabase, openDatabaseAsOwner } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";
import { sql } from "kysely";
import { type Furnished, furnish, putLimitsOutOfReach } from "./furnish.ts";

// A client that remembers every answer that it saw, an upstream that remembers every call that reached it, and between
// them a gateway and a Postgres that are killed at load, or have no room on their disk. Calls are known by their trace ids,
// which all three have.

const WORKERS = 16;
const RUN_MS = { min: 300, max: 900 };
const RETRY_MS = 20;
const ANSWER_MS_MAX = 10_000;
/** So many must have been refused before a full disk is given room again. */
const REFUSED_MIN = 200;
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface Survived {
  /** Calls whose answer the client saw whole. */
  answered: number;
  /** Calls that may have changed something, at the upstream. */
  writesUpstream: number;
  /** Of those, how many were cut off: their intent is there, and no outcome. */
  unknown: number;
  /** What the client was told when nothing could be recorded: 503. */
  refused: number;
  /** Calls that ended in any other way, or without an answer. */
  failed: number;
  rows: number;
  /** Trace ids of calls that the audit log should have, and has not. */
  missing: string[];
  /** What the verifier says of the chain. */
  finding: string | null;
}

interface Remembered {
  answered: Set<string>;
  writes: Set<string>;
  refused: number;
  failed: number;
}

export interface Trouble {
  what: "gateway" | "postgres" | "disk";
  times: number;
  /** A file system of its own, where it is the disk that is filled. */
  disk?: string;
}

/** Has this happen so many times, makes it good again each time, and then compares. */
export async function survive({ what, times, disk }: Trouble): Promise<Survived> {
  await using stack = new AsyncDisposableStack();
  const directory = disk ?? (await mkdtemp(join(tmpdir(), "gatehouse-kill-")));
  if (!disk) stack.defer(() => rm(directory, { recursive: true, force: true }));
  const cluster = join(directory, "postgres");
  let postgres = await startPostgres({ directory: cluster });
  stack.defer(() => postgres[Symbol.asyncDispose]());
  await createDatabase(postgres.url, "kill");
  const url = inDatabase(postgres.url);
  const masterKey = Buffer.alloc(32, "bench");
  const keys = { masterKeys: [localMasterKey(masterKey)] as MasterKeys, secret: secretOfMasterKey(masterKey) };
  const access = databaseAccess(url, keys);
  await migrate(access, () => {});
  const remembered: Remembered = { answered: new Set(), writes: new Set(), refused: 0, failed: 0 };
  const upstream = await startUpstream(remembered);
  stack.defer(() => void upstream.server.close());

  let gateway = await startGateway(url, 0);
  stack.defer(async () => void gateway.child.kill("SIGKILL"));
  const publicUrl = new URL(gateway.origin);
  const furnished = await withOwner(url, async (owner) => {
    await putLimitsOutOfReach(owner);
    return (await furnish(owner, { publicUrl, era: "modern", upstreams: { tools: upstream.url } })).tools!;
  });

  const stopping = new AbortController();
  const load = Promise.all(Array.from({ length: WORKERS }, () => callOn(furnished, remembered, stopping.signal)));
  const happen = {
    async gateway() {
      await ended(gateway.child);
      gateway = await startGateway(url, Number(publicUrl.port));
    },
    async postgres() {
      process.kill(await postmasterOf(cluster), "SIGKILL");
      postgres = await startPostgres({ directory: cluster });
    },
    async disk() {
      const ballast = join(directory, "ballast");
      await fillUp(ballast);
      await refusedMore(remembered);
      await rm(ballast);
    },
  };
  for (let time = 0; time < times; time++) {
    await after(RUN_MS.min + Math.random() * (RUN_MS.max - RUN_MS.min));
    await happen[what]();
    await answeredMore(remembered);
  }
  stopping.abort();
  await load;
  await ended(gateway.child);
  return await compare(remembered, { url, access });
}

async function startGateway(url: string, port: number): Promise<{ child: ChildProcess; origin: string }> {
  const child = fork(join(import.meta.dirname, "killable-gateway.ts"), [url, String(port)]);
  const [origin] = await once(child, "message");
  return { child, origin };
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function postmasterOf(cluster: string): Promise<number> {
  return Number((await readFile(join(cluster, "data/postmaster.pid"), "utf8")).split("\n")[0]);
}

/** Up to the last page of what it is on. */
async function fillUp(path: string): Promise<void> {
  await using file = await open(path, "a");
  for (const bytes of [1 << 20, 1 << 12]) {
    const page = Buffer.alloc(bytes);
    const isWritten = () => file.write(page).then(({ bytesWritten }) => bytesWritten === bytes, unlessFull);
    while (await isWritten());
  }
}

function unlessFull(error: NodeJS.ErrnoException): false {
  if (error.code !== "ENOSPC") throw error;
  return false;
}

async function refusedMore(remembered: Remembered): Promise<void> {
  const before = remembered.refused;
  while (remembered.refused < before + REFUSED_MIN) await after(RETRY_MS);
}

/** It works again. */
async function answeredMore({ answered }: Remembered): Promise<void> {
  const before = answered.size;
  while (answered.size < before + WORKERS) await after(RETRY_MS);
}

async function startUpstream({ writes }: Remembered) {
  const server = createServer((request, response) => {
    if (request.method !== "POST") return response.writeHead(405).end();
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("error", () => {});
    request.on("end", () => {
      const { id, params } = JSON.parse(Buffer.concat(chunks).toString());
      if (params.name === "change") writes.add(params.arguments.trace);
      const result = { resultType: "complete", content: [{ type: "text", text: "done" }] };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

/** One call after the other, a read and a write in turn. What has no whole answer was not answered. */
async function callOn({ endpoint, token }: Furnished, remembered: Remembered, signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    const trace = randomBytes(16).toString("hex");
    const name = turn % 2 === 0 ? "look" : "change";
    const status = await call(endpoint, token, { name, trace }).catch(() => "cut off");
    if (status === 200) {
      remembered.answered.add(trace);
      continue;
    }
    if (status === 503) remembered.refused++;
    else remembered.failed++;
    await after(RETRY_MS);
  }
}

async function call(endpoint: string, token: string, { name, trace }: { name: string; trace: string }) {
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  const params = { name, arguments: { trace }, _meta: { ...META, traceparent } };
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      ...{ authorization: `Bearer ${token}`, "mcp-protocol-version": "2026-07-28" },
      ...{ "mcp-method": "tools/call", "mcp-name": name },
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const answer = (await response.json()) as { result?: object };
  return answer.result ? response.status : response.status === 503 ? 503 : "failed";
}

interface Place {
  url: string;
  access: ReturnType<typeof databaseAccess>;
}

async function compare({ answered, writes, refused, failed }: Remembered, { url, access }: Place): Promise<Survived> {
  await using chainer = openDatabase(access, "gatehouse_chain", 2);
  await chainAll(chainer);
  return await withOwner(url, async (owner) => {
    const { rows } = await sql<{ trace: string; phase: string; org: string }>`
      select entry ->> 'trace_id' as trace, entry ->> 'phase' as phase, org_id as org from audit_log`.execute(owner);
    const ended = new Set(rows.filter(({ phase }) => phase !== "intent").map(({ trace }) => trace));
    const tried = new Set(rows.filter(({ phase }) => phase === "intent").map(({ trace }) => trace));
    const { finding } = await verifyLog((query) => query(chainer), rows[0]!.org, {});
    return {
      ...{ answered: answered.size, writesUpstream: writes.size, refused, failed, rows: rows.length },
      unknown: [...tried].filter((trace) => !ended.has(trace)).length,
      missing: [...answered.difference(ended), ...writes.difference(tried)],
      finding: finding?.says ?? null,
    };
  });
}

async function withOwner<T>(url: string, work: (owner: ReturnType<typeof openDatabaseAsOwner>) => Promise<T>) {
  await using owner = openDatabaseAsOwner(url);
  return await work(owner);
}

function inDatabase(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.pathname = "/kill";
  return url.href;
}
