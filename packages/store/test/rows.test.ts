import { cloneDatabase } from "@gatehouse/testing/database";
import { startRelay } from "@gatehouse/testing/relay";
import { sql } from "kysely";
import pg from "pg";
import { expect, test } from "vitest";
import { insertAudit, NO_ORG, newAuditId } from "../src/audit.ts";
import { openAuditWriter } from "../src/audit-writer.ts";
import { insertConnector, listConnectors, newConnectorId } from "../src/connectors.ts";
import {
  APP_ROLES,
  type AppRole,
  connectionSettings,
  openDatabase,
  openDatabaseAsOwner,
  withOrg,
} from "../src/database.ts";
import { migrate } from "../src/migrate.ts";
import { insertOrg } from "../src/orgs.ts";

async function startFurnished() {
  const database = await cloneDatabase();
  const owner = openDatabaseAsOwner(database.access.url);
  const orgs = [];
  for (const slug of ["acme", "beta"]) {
    const org = await insertOrg(owner, { slug, name: slug });
    const what = {
      name: "Tools",
      url: "https://mcp.example.com/mcp",
      era: "modern",
      protocolVersion: "x",
      serverName: "x",
    } as const;
    await withOrg(owner, org.id, async (scope) => {
      await insertConnector(scope, { id: newConnectorId(), slug: "tools", egressException: null, ...what }, []);
      await insertAudit(scope, { event: "tool.changed", outcome: "ok", entry: {} });
    });
    orgs.push(org);
  }
  return {
    ...{ ...database, owner, acme: orgs[0]!, beta: orgs[1]! },
    async [Symbol.asyncDispose]() {
      await owner[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const TENANT_TABLES = [
  "memberships",
  "connectors",
  "tools",
  "revocations",
  "audit",
  "credentials",
  "clients",
  "client_requests",
  "grants",
  "service_accounts",
  "static_tokens",
];

test("what runs with the owner's rights looks for tables of its caller's making last", async () => {
  await using furnished = await startFurnished();
  const { rows } = await sql<{ name: string; path: string[] }>`
    select proname as name, proconfig as path from pg_proc
    where prosecdef and pronamespace = 'public'::regnamespace`.execute(furnished.owner);
  expect(rows.length).toBeGreaterThan(10);
  for (const { name, path } of rows) expect(path, name).toEqual(["search_path=public, pg_temp"]);
});

test("without an org, no app's role sees a row of anybody's", async () => {
  await using furnished = await startFurnished();
  for (const role of APP_ROLES.filter((role) => role !== "gatehouse_chain")) {
    const client = new pg.Client(connectionSettings(furnished.access, role));
    await client.connect();
    for (const table of TENANT_TABLES) {
      const seen = await client.query(`select count(*)::int as rows from ${table}`).then(
        ({ rows }) => rows[0].rows,
        (error) => error.code,
      );
      expect([0, "42501"], `${role} ${table}`).toContain(seen);
    }
    await client.end();
  }
});

test("with an org, a role sees that org's rows alone, and a connection that comes back to the pool keeps no org", async () => {
  await using furnished = await startFurnished();
  await using db = openDatabase(furnished.access, "gatehouse_dashboard", 1);
  const { acme } = furnished;
  const seen = await withOrg(db, acme.id, (scope) => scope.db.selectFrom("connectors").select("org_id").execute());
  expect(seen).toEqual([{ org_id: acme.id }]);
  await expect(withOrg(db, acme.id, (scope) => sql`select 1 / 0`.execute(scope.db))).rejects.toThrow();
  expect(await db.selectFrom("connectors").select("id").execute()).toEqual([]);
  expect(await withOrg(db, furnished.beta.id, listConnectors)).toHaveLength(1);
});

test("a row cannot be written for another org than the transaction's", async () => {
  await using furnished = await startFurnished();
  await using db = openDatabase(furnished.access, "gatehouse_dashboard", 1);
  const foreign = { event: "tool.changed" as const, outcome: "ok", entry: {} };
  await expect(
    withOrg(db, furnished.acme.id, (scope) => insertAudit({ ...scope, id: furnished.beta.id }, foreign)),
  ).rejects.toMatchObject({ code: "42501" });
});

test("the role that chains the audit log, of all orgs, sees nothing else of theirs but the names that stand in it", async () => {
  await using furnished = await startFurnished();
  await using db = openDatabase(furnished.access, "gatehouse_chain", 1);
  for (const table of TENANT_TABLES.filter((table) => table !== "audit")) {
    await expect(sql`select * from ${sql.table(table)}`.execute(db), table).rejects.toMatchObject({ code: "42501" });
  }
  const named = await sql`select slug from connectors`.execute(db);
  expect(named.rows).toHaveLength(2);
  await expect(sql`select url from connectors`.execute(db)).rejects.toMatchObject({ code: "42501" });
  await expect(sql`update audit_log set outcome = 'x'`.execute(db)).rejects.toMatchObject({ code: "42501" });
});

test("no app's role changes or removes a row of the audit log", async () => {
  await using furnished = await startFurnished();
  const inbox = [sql`update audit set outcome = 'x'`, sql`delete from audit`, sql`truncate audit`];
  const log = [
    sql`insert into audit_log default values`,
    sql`update audit_log set seq = 1`,
    sql`delete from audit_log`,
  ];
  await sql`select make_audit_month(now()::timestamp)`.execute(furnished.owner);
  const partitions = await sql<{ name: string }>`
    select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass`.execute(
    furnished.owner,
  );
  for (const role of APP_ROLES.filter((role) => role !== "gatehouse_chain")) {
    await using db = openDatabase(furnished.access, role, 1);
    for (const { name } of partitions.rows) log.push(sql`select from ${sql.table(name)}`);
    for (const change of [...inbox, ...log]) {
      const changing = withOrg(db, furnished.acme.id, (scope) => change.execute(scope.db));
      await expect(changing, role).rejects.toMatchObject({ code: "42501" });
    }
  }
});

test.each<[AppRole, string]>([
  ["gatehouse_dashboard", "select password_hash from users"],
  ["gatehouse_gateway", "select * from users"],
  ["gatehouse_gateway", "select private_jwk from signing_keys"],
  ["gatehouse_dashboard", "select * from signing_keys"],
  ["gatehouse_gateway", "select * from oidc_records"],
  ["gatehouse_dashboard", "select * from oidc_records"],
  ["gatehouse_auth", "select * from browser_sessions"],
  ["gatehouse_audit", "select * from orgs"],
  ["gatehouse_gateway", "select * from data_keys"],
  ["gatehouse_dashboard", "select * from data_keys"],
  ["gatehouse_auth", "select * from data_keys"],
  ["gatehouse_vault", "select * from credentials"],
])("%s may not: %s", async (role, query) => {
  await using furnished = await startFurnished();
  await using db = openDatabase(furnished.access, role, 1);
  await expect(sql.raw(query).execute(db)).rejects.toMatchObject({ code: "42501" });
});

test("migrations run again, also by two at once, and change nothing", async () => {
  await using furnished = await startFurnished();
  await Promise.all([migrate(furnished.access, () => {}), migrate(furnished.access, () => {})]);
  await using db = openDatabase(furnished.access, "gatehouse_dashboard", 1);
  expect(await withOrg(db, furnished.acme.id, listConnectors)).toHaveLength(1);
});

test("an org whose rows cannot be written yet keeps no other org's waiting, and its own stay in their order", async () => {
  await using furnished = await startFurnished();
  const { access, owner, acme, beta } = furnished;
  await using writer = openAuditWriter({ access, onError: (error) => expect.unreachable(String(error)) });
  const written: string[] = [];
  const append = async (orgId: string, id = newAuditId()) => {
    const row = { at: new Date(), event: "call", userId: null, connectorId: null, outcome: "ok", entry: {} } as const;
    await writer.append({ ...row, id, orgId });
    written.push(id);
  };
  const [first, second] = [newAuditId(), newAuditId()];
  const own: Promise<void>[] = [];
  await withOrg(owner, acme.id, async ({ db }) => {
    await sql`
      insert into audit (id, org_id, at, event, outcome, entry, boot_id, counter)
      values (${first}, ${acme.id}, now(), 'call', 'ok', '{}', ${newAuditId()}, 1)`.execute(db);
    own.push(append(acme.id, first));
    for (let at = 0; at < 20; at++) await append(beta.id);
    own.push(append(acme.id, second));
    for (let at = 0; at < 20; at++) await append(beta.id);
    expect(written).toHaveLength(40);
  });
  await Promise.all(own);
  expect(written.slice(40)).toEqual([first, second]);
});

test("a writer with nothing left to write ends, though Postgres says no more", async () => {
  await using furnished = await startFurnished();
  await using relay = await startRelay(new URL(furnished.access.url));
  const access = { ...furnished.access, url: relay.url };
  await using writer = openAuditWriter({ access, onError: (error) => expect.unreachable(String(error)) });
  const row = { at: new Date(), event: "call", userId: null, connectorId: null, outcome: "ok", entry: {} } as const;
  await writer.append({ ...row, id: newAuditId(), orgId: furnished.acme.id });
  relay.hush();
  await writer[Symbol.asyncDispose]();
});

test("rows that nobody waits for and that cannot be written are told of once for each try, and not once each", async () => {
  const errors: unknown[] = [];
  const access = { url: "postgres://127.0.0.1:1/away", password: () => "x" };
  const writer = openAuditWriter({ access, onError: (error) => errors.push(error) });
  const row = { at: new Date(), event: "call", userId: null, connectorId: null, outcome: "ok", entry: {} } as const;
  for (let at = 0; at < 100; at++) writer.enqueue({ ...row, id: newAuditId(), orgId: NO_ORG });
  await writer[Symbol.asyncDispose]();
  expect(errors).toHaveLength(2);
});
