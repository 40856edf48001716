import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Head, headSignerOf } from "@gatehouse/audit/head";
import type { Finding } from "@gatehouse/audit/verify";
import { readWholeLog } from "@gatehouse/dashboard/audit/whole-log";
import { type AuditRow, insertAudit, listAudit, NO_ORG, newAuditId } from "@gatehouse/store/audit";
import { openAuditWriter } from "@gatehouse/store/audit-writer";
import { openDatabase, openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import { insertOrg } from "@gatehouse/store/orgs";
import { chainEverything } from "@gatehouse/testing/chain-everything";
import { cloneDatabase } from "@gatehouse/testing/database";
import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { verifyAudit } from "../src/audit/audit-commands.ts";
import { chainAll } from "../src/audit/chain-inbox.ts";
import { publishTo } from "../src/audit/publish-heads.ts";
import { retainAudit } from "../src/audit/retain.ts";
import { signHeads } from "../src/audit/sign-heads.ts";
import { verifyDatabase, verifyExport } from "../src/audit/verify.ts";
import type { Progress } from "../src/progress.ts";

// The log as its keeper has it, and as somebody finds it who may do anything in the database.

async function startLog() {
  await using stack = new AsyncDisposableStack();
  const { access, vault } = stack.use(await cloneDatabase());
  const owner = stack.use(openDatabaseAsOwner(access.url));
  const db = stack.use(openDatabase(access, "gatehouse_chain", 2));
  const writer = stack.use(
    openAuditWriter({
      access,
      onError: (error) => {
        throw error;
      },
    }),
  );
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-heads-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const headsFile = join(directory, "heads.jsonl");
  const org = await insertOrg(owner, { slug: "acme", name: "Acme" });
  const signer = headSignerOf(vault);

  const call = (tool: string, entry: object = {}): AuditRow => ({
    ...{ id: newAuditId(), orgId: org.id, at: new Date(), event: "call", userId: null, connectorId: null },
    ...{ outcome: "ok", entry: { tool, ...entry } },
  });
  const write = (count: number) => Promise.all(Array.from({ length: count }, (_, at) => writer.append(call(`t${at}`))));
  const sign = () => signHeads(db, signer, publishTo(pathToFileURL(headsFile)));
  async function verify(options: { headsFile?: string } = {}) {
    const [verdict] = await Array.fromAsync(
      verifyDatabase(db, [org.id], { key: signer.key, count: () => {}, ...options }),
    );
    return verdict!;
  }
  async function exported(): Promise<string> {
    const path = join(directory, "export.jsonl");
    const lines = (await Array.fromAsync(readWholeLog((query) => query(db), org.id))).map((line) =>
      JSON.stringify(line),
    );
    await writeFile(path, `${lines.join("\n")}\n`);
    return path;
  }
  const chain = () => chainEverything(db);
  const opened = stack.move();
  return {
    ...{ owner, db, org, writer, call, write, sign, verify, exported, headsFile, signer, chain },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Ten rows, signed after six. */
async function startSigned() {
  const log = await startLog();
  await log.write(6);
  await log.chain();
  await log.sign();
  await log.write(4);
  await log.chain();
  return log;
}

test("rows come into the chain once, in the order of their ids, and are searched before and after", async () => {
  await using log = await startLog();
  await log.write(3);
  const seen = () => withOrg(log.owner, log.org.id, (scope) => listAudit(scope, { limit: 10 }));
  const before = await seen();
  await log.chain();
  await log.write(2);
  const after = await seen();
  expect(after.map(({ seq }) => seq)).toEqual([null, null, 3, 2, 1]);
  expect(after.slice(2).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  await log.chain();
  expect(await log.verify()).toMatchObject({ rows: 5, end: { seq: 5 }, finding: null });
});

test("a row whose commit got lost and that is sent again after it was chained is there once", async () => {
  await using log = await startLog();
  const row = log.call("again");
  await log.writer.append(row);
  await log.chain();
  await log.writer.append(row);
  await log.chain();
  expect(await log.verify()).toMatchObject({ rows: 1, finding: null });
});

test("what is written while an older transaction is under way waits for it", async () => {
  await using log = await startLog();
  await log.owner.transaction().execute(async (transaction) => {
    await sql`select pg_current_xact_id()`.execute(transaction);
    await log.write(1);
    await chainAll(log.db);
    expect((await log.verify()).end.seq).toBe(0);
  });
  await log.chain();
  expect((await log.verify()).end.seq).toBe(1);
});

test("of many keepers at once, one chains", async () => {
  await using log = await startLog();
  await log.write(500);
  await Promise.all(Array.from({ length: 4 }, () => log.chain()));
  await log.chain();
  expect(await log.verify()).toMatchObject({ end: { seq: 500 }, finding: null });
});

test("text that Postgres would not take is in the log all the same", async () => {
  await using log = await startLog();
  await log.writer.append(log.call("\0 and \ud800", { error: "x".repeat(10_000) }));
  await log.chain();
  expect(await log.verify()).toMatchObject({ end: { seq: 1 }, finding: null });
  const found = await withOrg(log.owner, log.org.id, (scope) => listAudit(scope, { limit: 1, error: "XXX" }));
  expect(found).toHaveLength(1);
});

type Tampered = Partial<Finding> | null;

test.each<[string, (log: Awaited<ReturnType<typeof startLog>>) => Promise<unknown>, Tampered]>([
  ["nothing", async () => {}, null],
  [
    "an edited row",
    ({ owner }) => sql`update audit_log set outcome = 'tool_error' where seq = 4`.execute(owner),
    { kind: "changed", seq: 4 },
  ],
  [
    "a time that is a microsecond off",
    ({ owner }) => sql`update audit_log set at = at + interval '1 microsecond' where seq = 9`.execute(owner),
    { kind: "changed", seq: 9 },
  ],
  [
    "a row that is made hard to find",
    ({ owner }) => sql`update audit_log set tool = 'other' where seq = 5`.execute(owner),
    { kind: "changed", seq: 5 },
  ],
  [
    "a deleted row",
    ({ owner }) => sql`delete from audit_log where seq = 3`.execute(owner),
    { kind: "removed", seq: 3 },
  ],
  ["a deleted first row", ({ owner }) => sql`delete from audit_log where seq = 1`.execute(owner), { kind: "removed" }],
  [
    "an inserted row",
    ({ owner }) =>
      sql`insert into audit_log select (overlay(id::text placing 'ffff' from 33))::uuid, org_id, at, event, user_id, connector_id,
        outcome, entry, boot_id, counter, seq, hash from audit_log where seq = 7`.execute(owner),
    { kind: "put_in", seq: 7 },
  ],
  [
    "two rows that changed places",
    ({ owner }) => sql`update audit_log set seq = 9 - seq where seq in (4, 5)`.execute(owner),
    { kind: "changed", seq: 4 },
  ],
  [
    "the end cut off",
    ({ owner }) => sql`delete from audit_log where seq > 8`.execute(owner),
    { kind: "removed", seq: 9 },
  ],
  [
    "a call removed before it was chained",
    async ({ owner, write, chain }) => {
      await write(3);
      await sql`delete from audit where counter = 12`.execute(owner);
      await chain();
    },
    { kind: "removed", seq: null },
  ],
])("the verifier names %s", async (_, tamper, expected) => {
  await using log = await startSigned();
  await tamper(log);
  const { finding } = await log.verify();
  if (expected) expect(finding).toMatchObject(expected);
  else expect(finding).toBeNull();
});

test("the end cut off with all that the database says of it is named by the heads outside", async () => {
  await using log = await startSigned();
  await log.sign();
  await sql`delete from audit_log where seq > 8`.execute(log.owner);
  await sql`delete from audit_heads where seq > 8`.execute(log.owner);
  await sql`update audit_chains set seq = 8, hash = (select hash from audit_log where seq = 8)`.execute(log.owner);
  expect((await log.verify()).finding).toBeNull();
  expect((await log.verify({ headsFile: log.headsFile })).finding).toMatchObject({ kind: "removed", seq: 9 });
});

test("a chain that was made anew does not come to what was signed, and a head of another key counts for nothing", async () => {
  await using log = await startSigned();
  const rows = await log.owner.selectFrom("audit_log").selectAll().orderBy("seq").execute();
  await sql`delete from audit_log`.execute(log.owner);
  await sql`delete from audit_chains`.execute(log.owner);
  for (const row of rows.filter(({ seq }) => seq !== "3")) {
    const { id, org_id, at, event, outcome, entry, boot_id, counter } = row;
    const again = { id, org_id, at, event, outcome, boot_id, counter, user_id: null, connector_id: null };
    await log.owner
      .insertInto("audit")
      .values({ ...again, entry: JSON.stringify(entry) })
      .execute();
  }
  await log.chain();
  expect((await log.verify()).finding).toMatchObject({ kind: "rewritten", seq: 1 });
  await sql`update audit_heads set key = repeat('A', 43)`.execute(log.owner);
  expect((await log.verify()).finding).toMatchObject({ kind: "head_invalid" });
});

test("an export alone can be verified: as it is, with a line changed, with one removed, with its end cut off", async () => {
  await using log = await startSigned();
  await log.sign();
  await log.write(1);
  const path = await log.exported();
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  const verdictOf = async (text: string[]) => {
    await writeFile(path, text.join("\n"));
    return (await Array.fromAsync(verifyExport(path, { key: log.signer.key, count: () => {} })))[0]!;
  };
  expect(await verdictOf(lines)).toMatchObject({ rows: 11, end: { seq: 10 }, signedSeq: 10, finding: null });
  const edited = lines.with(3, lines[3]!.replace('"ok"', '"no"'));
  expect((await verdictOf(edited)).finding).toMatchObject({ kind: "changed", seq: 4 });
  expect((await verdictOf(lines.toSpliced(6, 1))).finding).toMatchObject({ kind: "removed", seq: 7 });
  const cut = [...lines.slice(0, 8), ...lines.slice(11)];
  expect((await verdictOf(cut)).finding).toMatchObject({ kind: "removed", seq: 9 });
  const emptied = lines.filter((line) => "signature" in JSON.parse(line));
  expect((await verdictOf(emptied)).finding).toMatchObject({ kind: "removed" });
  const heads = (await readFile(log.headsFile, "utf8")).trimEnd().split("\n");
  expect(heads.map((line) => (JSON.parse(line) as Head).seq)).toEqual([6, 10]);
});

test("what an org does not keep is gone, and what it keeps can be verified still", async () => {
  await using log = await startLog();
  const monthsAgo = (months: number) => Date.now() - months * 31 * 24 * 60 * 60_000;
  for (const at of [monthsAgo(4), monthsAgo(3)]) {
    await log.writer.append({ ...log.call("old"), id: uuidv7({ msecs: at }), at: new Date(at) });
  }
  await log.write(3);
  await log.chain();
  await log.owner.updateTable("orgs").set({ audit_retention_days: 30 }).execute();
  const partitions = async () =>
    (await sql`select from pg_inherits where inhparent = 'audit_log'::regclass`.execute(log.owner)).rows.length;
  const before = await partitions();
  await retainAudit(log.db, { signer: log.signer, publish: publishTo(pathToFileURL(log.headsFile)) });
  expect(await partitions()).toBe(before - 2);
  await log.write(1);
  await log.chain();
  expect(await log.verify()).toMatchObject({ rows: 4, end: { seq: 6 }, finding: null });
  const path = await log.exported();
  const verdicts = () => Array.fromAsync(verifyExport(path, { key: log.signer.key, count: () => {} }));
  expect(await verdicts()).toMatchObject([{ rows: 4, finding: null }]);
  await sql`delete from audit_log where seq = 3`.execute(log.owner);
  expect((await log.verify()).finding).toMatchObject({ kind: "removed", seq: 3 });
});

test("the deployment's own log is kept for good, or as long as its operator says", async () => {
  await using log = await startLog();
  const own = (at: number) => ({ ...log.call("own"), orgId: NO_ORG, id: uuidv7({ msecs: at }), at: new Date(at) });
  for (const days of [40, 20]) await log.writer.append(own(Date.now() - days * 86_400_000));
  await log.chain();
  const publish = publishTo(pathToFileURL(log.headsFile));
  const verifyOwn = async () =>
    (await Array.fromAsync(verifyDatabase(log.db, [NO_ORG], { key: log.signer.key, count: () => {} })))[0];
  await retainAudit(log.db, { signer: log.signer, publish });
  expect(await verifyOwn()).toMatchObject({ rows: 2, finding: null });
  await retainAudit(log.db, { signer: log.signer, publish, deploymentAuditDays: 30 });
  expect(await verifyOwn()).toMatchObject({ rows: 1, end: { seq: 2 }, finding: null });
});

test("a change that was undone leaves a number out, and nothing is named", async () => {
  await using log = await startLog();
  const changed = { event: "tool.changed" as const, outcome: "ok", entry: {} };
  await withOrg(log.owner, log.org.id, (scope) => insertAudit(scope, changed));
  const undone = withOrg(log.owner, log.org.id, async (scope) => {
    await insertAudit(scope, changed);
    throw new Error("undone");
  });
  await expect(undone).rejects.toThrow("undone");
  await withOrg(log.owner, log.org.id, (scope) => insertAudit(scope, changed));
  await log.chain();
  expect(await log.verify()).toMatchObject({ rows: 2, undone: 1, finding: null });
});

test("an export is not verified without the key that its heads must be signed with", async () => {
  const progress = { line: () => {} } as unknown as Progress;
  const readConfig = () => expect.unreachable();
  await expect(verifyAudit(readConfig, progress, { from: "acme.jsonl" })).rejects.toThrow("--from needs --key");
});
