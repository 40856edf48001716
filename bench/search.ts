import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@gatehouse/gatehouse/postgres";
import { databaseAccess, openHouseVault } from "@gatehouse/gatehouse/secrets";
import { digestOf, openStaticTokens, STATIC_TOKENS } from "@gatehouse/oauth/static-token";
import { openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { insertStaticToken } from "@gatehouse/store/static-tokens";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";
import { sql } from "kysely";
import { request } from "undici";
import { type Child, startChild } from "./child.ts";
import { explainSearch, type Read } from "./explain-search.ts";
import { BIG_ORG, type Filled, fillAudit } from "./fill-audit.ts";

// What a search of a large audit log takes, by the management API, and what an export of all of it. Fails where a page takes
// longer than is promised, or an export more memory than is promised for any. The argument is how many rows.

const ROWS = Number(process.argv[3] ?? 10_000_000);
const PAGE_MS_MAX = 200;
const TRIES = 5;
/** Of the whole process, however much is exported. */
const EXPORT_MB_MAX = 512;
/** So many rows in vain are what a page's time consists of. */
const IN_VAIN_MIN = 2000;
const EXPORTS = ["jsonl", "csv"] as const;

interface Page {
  entries: { id: string; entry: Record<string, unknown> }[];
  next: string | null;
}

interface Search {
  what: string;
  query: Record<string, string>;
}

interface Found extends Search {
  rows: number;
  firstMs: Times;
  /** `null` where the first page is the last. */
  nextMs: Times | null;
  firstRead: Read;
  nextRead: Read | null;
}

/** The first try, when what it reads may be on the disk alone, and the median of those that follow. */
interface Times {
  first: number;
  median: number;
}

await using stack = new AsyncDisposableStack();
const directory = await mkdtemp(join(tmpdir(), "gatehouse-search-"));
stack.defer(() => rm(directory, { recursive: true, force: true }));
await chmod(directory, 0o711);
const cluster = join(directory, "postgres");
const masterKey = Buffer.alloc(32, "bench");
const keys = { masterKeys: [localMasterKey(masterKey)] as MasterKeys, secret: secretOfMasterKey(masterKey) };

const filled = await fill();
const postgres = stack.use(await startPostgres({ directory: cluster }));
const url = inDatabase(postgres.url);
const access = databaseAccess(url, keys);
const vault = stack.use(openHouseVault(keys, access));
const owner = stack.use(openDatabaseAsOwner(url));
const authorization = `Bearer ${await mintToken()}`;
const dashboard = stack.use(await startChild<{ url: string }>("dashboard.ts", [url]));
const api = `${dashboard.ready.url}/api/orgs/${BIG_ORG}/audit`;
const explain = stack.use(explainSearch(access, filled.orgId));

const found: Found[] = [];
for (const search of await searches()) {
  found.push(await measure(search));
  process.stdout.write(`${rowOf(found.at(-1)!)}\n`);
}
const exports: Exported[] = [];
for (const format of EXPORTS) exports.push(await measureExport(format));
await report();

/** With settings for filling; what is measured has those that the embedded Postgres has. */
async function fill(): Promise<Filled> {
  const settings = { fsync: "off", shared_buffers: "2GB", max_wal_size: "8GB" };
  await using filling = await startPostgres({ directory: cluster, settings });
  await createDatabase(filling.url, "search");
  const database = inDatabase(filling.url);
  await migrate(databaseAccess(database, keys), () => {});
  await using db = openDatabaseAsOwner(database);
  const began = performance.now();
  return await fillAudit(db, ROWS, (rows) => {
    if (rows % 500_000 === 0 || rows === ROWS)
      console.log(`${rows} rows after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  });
}

function inDatabase(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.pathname = "/search";
  return url.href;
}

async function mintToken(): Promise<string> {
  const { orgId, userId } = filled;
  const token = openStaticTokens({ key: vault.derive(STATIC_TOKENS) }).mint("pat", orgId);
  const expiresAt = new Date(Date.now() + 86_400_000);
  const opens = { name: "bench", scopes: ["manage:read"], connectorIds: null, expiresAt, createdBy: userId };
  const hash = Buffer.from(digestOf(token), "base64");
  await withOrg(owner, orgId, (scope) => insertStaticToken(scope, { userId }, { hash, ...opens }));
  return token;
}

/** Each filter with what most rows have, with what few have, and with what only old ones have; then pairs. */
async function searches(): Promise<Search[]> {
  const { from, to } = filled;
  const half = new Date((from.getTime() + to.getTime()) / 2);
  const day = { from: half.toISOString(), to: new Date(half.getTime() + 86_400_000).toISOString() };
  const sample = await oldEntry();
  const token = (await ids("static token", 0, 19)) as [string, string];
  return [
    { what: "everything", query: {} },
    { what: "event: most rows", query: { event: "call" } },
    { what: "event: few", query: { event: "tools.changed" } },
    { what: "event: none", query: { event: "org.deleted" } },
    { what: "outcome: most", query: { outcome: "ok" } },
    { what: "outcome: few", query: { outcome: "unlinked" } },
    { what: "who: somebody busy", query: { who: "user-0@example.com" } },
    { what: "who: who left long ago", query: { who: "user-7@example.com" } },
    { what: "who: a service account", query: { who: "robot-3" } },
    { what: "connector: a busy one", query: { connector: "connector-0" } },
    { what: "connector: not used for long", query: { connector: "connector-3" } },
    { what: "tool: one of a busy connector", query: { tool: "get_issues" } },
    { what: "tool: rarely called", query: { tool: "export_builds" } },
    { what: "client: most", query: { client: "https://client-0.example/oauth/client.json" } },
    { what: "client: few", query: { client: "https://client-11.example/oauth/client.json" } },
    { what: "token: busy", query: { token: token[0] } },
    { what: "token: rare", query: { token: token[1] } },
    { what: "address: one of many", query: { address: String(sample.address) } },
    { what: "trace", query: { trace: String(sample.trace_id) } },
    { what: "error: in many", query: { error: "rate limit exceeded" } },
    { what: "error: in a few old ones", query: { error: "certificate of billing" } },
    { what: "error: in none", query: { error: "no such words anywhere" } },
    { what: "from and to: a day three months ago", query: day },
    { what: "to: before the first", query: { to: new Date(from.getTime() - 1000).toISOString() } },
    { what: "method: most", query: { method: "tools/call" } },
    { what: "arguments: in none", query: { arguments: "0".repeat(64) } },
    { what: "slower: few", query: { slower: "899" } },
    { what: "larger: none", query: { larger: "1000000" } },
    { what: "event, outcome", query: { event: "call", outcome: "upstream_failed" } },
    { what: "who, outcome", query: { who: "user-0@example.com", outcome: "tool_error" } },
    { what: "who, tool", query: { who: "user-1@example.com", tool: "get_issues" } },
    { what: "who, connector: nothing in common", query: { who: "user-7@example.com", connector: "connector-6" } },
    { what: "connector, outcome", query: { connector: "connector-5", outcome: "tool_error" } },
    { what: "connector, event: nothing in common", query: { connector: "connector-0", event: "sign_in" } },
    { what: "connector, day", query: { connector: "connector-1", ...day } },
    { what: "connector, who, day", query: { connector: "connector-0", who: "user-2@example.com", ...day } },
    { what: "tool, outcome", query: { tool: "get_issues", outcome: "upstream_timeout" } },
    { what: "tool, slower", query: { tool: "get_issues", slower: "890" } },
    { what: "client, outcome", query: { client: "https://client-3.example/oauth/client.json", outcome: "forbidden" } },
    { what: "token, tool", query: { token: token[0], tool: "get_issues" } },
    { what: "error, day", query: { error: "service-17", ...day } },
    { what: "error, tool", query: { error: "issue_99", tool: "get_issues" } },
    { what: "error, who: nothing in common", query: { error: "certificate of billing", who: "user-0@example.com" } },
  ];
}

/** A call's, from a tenth of the way on. */
async function oldEntry(): Promise<Record<string, unknown>> {
  const { from, to } = filled;
  const tenth = new Date(from.getTime() + (to.getTime() - from.getTime()) / 10).toISOString();
  const { entries } = await ask({ to: tenth, event: "call" });
  return entries[0]!.entry;
}

async function ids(what: string, ...numbers: number[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select md5(${`${what} `} || n)::uuid as id from unnest(${numbers}::int[]) with ordinality as t (n, place) order by place`.execute(
    owner,
  );
  return rows.map(({ id }) => id);
}

async function ask(query: Record<string, string>): Promise<Page> {
  const answer = await request(api, { query, headers: { authorization } });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} to ${JSON.stringify(query)}: ${text}`);
  return JSON.parse(text);
}

async function measure({ what, query }: Search): Promise<Found> {
  const [page, firstMs] = await timed(query);
  const first = { what, query, rows: page.entries.length, firstMs, firstRead: await explain.plan(query) };
  if (page.next === null) return { ...first, nextMs: null, nextRead: null };
  const next = { ...query, after: page.next };
  const [, nextMs] = await timed(next);
  return { ...first, nextMs, nextRead: await explain.plan(next) };
}

async function timed(query: Record<string, string>): Promise<[Page, Times]> {
  const times: number[] = [];
  let page: Page;
  do {
    const began = performance.now();
    page = await ask(query);
    times.push(performance.now() - began);
  } while (times.length <= TRIES);
  const [first, ...later] = times as [number, ...number[]];
  return [page, { first, median: later.toSorted((a, b) => a - b)[TRIES >> 1]! }];
}

interface Exported {
  format: string;
  rows: number;
  megabytes: number;
  seconds: number;
  /** The process's peak before, after a tenth of it, and at its end. */
  peakMb: [number, number, number];
}

async function measureExport(format: (typeof EXPORTS)[number]): Promise<Exported> {
  const tenth = ROWS * 0.08;
  const began = performance.now();
  const before = await peakMbOf(dashboard);
  const answer = await request(`${api}/export`, { query: { format }, headers: { authorization }, bodyTimeout: 60_000 });
  let [rows, bytes, atTenth] = [0, 0, 0];
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) rows++;
    if (atTenth === 0 && rows > tenth) atTenth = await peakMbOf(dashboard);
  }
  const seconds = (performance.now() - began) / 1000;
  return { format, rows, megabytes: bytes / 1e6, seconds, peakMb: [before, atTenth, await peakMbOf(dashboard)] };
}

async function peakMbOf(child: Child<unknown>): Promise<number> {
  return (await child.usage()).peakRssBytes / 1e6;
}

function rowOf({ what, rows, firstMs, nextMs, firstRead, nextRead }: Found): string {
  const cells = [what, rows, shown(firstMs), nextMs ? shown(nextMs) : "", firstRead.says, nextRead?.says ?? ""];
  return `| ${cells.join(" | ")} |`;
}

function shown({ first, median }: Times): string {
  return `${median.toFixed(1)} (${first.toFixed(1)})`;
}

async function sizes(): Promise<{ rowBytes: number; indexBytes: number; errors: number }> {
  const { rows } = await sql<{ rowBytes: number; indexBytes: number; errors: number }>`
    select sum(pg_table_size(inhrelid))::float8 / ${ROWS}::float8 as "rowBytes",
      sum(pg_indexes_size(inhrelid))::float8 / ${ROWS}::float8 as "indexBytes",
      (select count(*)::float8 from audit_log where org_id = ${filled.orgId} and error is not null) as errors
    from pg_inherits where inhparent = 'audit_log'::regclass`.execute(owner);
  return rows[0]!;
}

async function report(): Promise<void> {
  const slow = found.flatMap(({ what, firstMs, nextMs }) =>
    Math.max(firstMs.median, nextMs?.median ?? 0) > PAGE_MS_MAX ? [what] : [],
  );
  const large = exports.filter(({ peakMb: [, , end] }) => end > EXPORT_MB_MAX).map(({ format }) => format);
  const { rowBytes, indexBytes, errors } = await sizes();
  const text = `# Searching the audit log

\`npm run proof search\` makes ${ROWS.toLocaleString("en")} rows of half a year, four fifths of them one organisation's with 5,000 people and 40 connectors, and asks the management
API for pages of a hundred, newest first, on the embedded Postgres as it is set (128 MB of buffers). Milliseconds are the median of ${TRIES} requests, and in brackets what
the first took, each a whole exchange over HTTP. A row takes ${rowBytes.toFixed(0)} bytes, and its entries in the indexes ${indexBytes.toFixed(0)}. Promised: at most ${PAGE_MS_MAX} ms for the first page and the next.

What is read is told by \`EXPLAIN (ANALYZE, BUFFERS)\`: the index of the months that were looked at, the rows that it gave, those of them that did not match, and
all pages (8 KB) that were touched; of the inbox, which is empty as a rule, and of names nothing.

| searched by | found | first page, ms | next page, ms | read for the first | read for the next |
|---|---|---|---|---|---|
${found.map(rowOf).join("\n")}

${slow.length > 0 ? `**Slower than promised:** ${slow.join("; ")}.\n\n` : ""}## An export of all of it

Of the big organisation's log, as one request. The peak is the whole process's since it began; promised is that it stays below ${EXPORT_MB_MAX} MB, however much is exported.

| format | lines | MB | seconds | peak before, MB | after a tenth | at the end |
|---|---|---|---|---|---|---|
${exports.map(({ format, rows, megabytes, seconds, peakMb }) => `| ${[format, rows, megabytes.toFixed(0), seconds.toFixed(0), ...peakMb.map((mb) => mb.toFixed(0))].join(" | ")} |`).join("\n")}

## With a hundred million rows

${reasoning(errors)}
`;
  await writeFile(join(import.meta.dirname, "../docs/search.md"), text);
  console.log(text);
  if (slow.length > 0) throw new Error(`Slower than promised: ${slow.join(", ")}`);
  if (large.length > 0) throw new Error(`An export takes more than ${EXPORT_MB_MAX} MB: ${large.join(", ")}`);
}

function reasoning(errors: number): string {
  const searching = found.filter(({ firstRead }) => firstRead.inVain >= IN_VAIN_MIN);
  const rows = searching.map(
    ({ what, firstRead: { inVain }, firstMs: { median } }) =>
      `| ${what} | ${inVain} | ${median.toFixed(0)} | ${10 * inVain} | ${(10 * median).toFixed(0)} |`,
  );
  return `Of each search above, the index that serves it begins with the organisation and what is searched for, and ends with the row's id, which is its time: a page is one way down
the tree, and then the entries beside one another. That does not depend on how many rows there are, but for the tree's height: with ten times as many in a month it is one level
higher at most, which is one page (8 KB) more for each month that is looked at. Where the rows are more because there are more months, a page that is full is full after as many months
as here; one that is not looks into every month, at three or four pages each, and planning takes its part for each of them: who searches for what is rare, and says \`from\`, pays for
those months alone. So all that reads hardly a row in vain takes with a hundred million what it takes here, as long as what is read often fits into memory; where it does not, a
row costs one read from the disk, a hundred of them a page.

What grows with the rows is what is read in vain: rows that one filter's index gives and another filter does not take. The last page of such a search looks at all that the better
index has of the organisation${errors > 0 ? `; a text within errors at all that have one, ${errors} here` : ""}. ${
    rows.length > 0
      ? `Those, at ten times the rows:

| searched by | in vain | ms | in vain then | ms then, at most |
|---|---|---|---|---|
${rows.join("\n")}

\`from\` bounds them: the months before it are not looked at.`
      : "There was none of them here."
  }`;
}
