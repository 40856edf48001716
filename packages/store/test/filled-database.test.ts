import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { databaseUrl, rolePassword } from "@gatehouse/testing/services";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { createDatabase, dropDatabase } from "../src/databases.ts";
import { migrate } from "../src/migrate.ts";

const MIGRATIONS = join(import.meta.dirname, "../migrations");
/** Those from before credentials had a table of their own. */
const BEFORE = 5;

test("a filled database from before there were ways into an upstream is brought up to date, and loses no row", async () => {
  const { postgresUrl } = inject("services");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await createDatabase(postgresUrl, name);
  onTestFinished(() => dropDatabase(postgresUrl, name));
  const url = databaseUrl(postgresUrl, name);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const log = () => {};
  await runner({
    ...{
      dbClient: client,
      dir: MIGRATIONS,
      migrationsTable: "migrations",
      direction: "up",
      count: BEFORE,
      noLock: true,
    },
    ...{ log, logger: { debug: log, info: log, warn: log, error: log } },
  });
  const org = "00000000-0000-7000-8000-000000000001";
  const connectors = ["00000000-0000-7000-8000-000000000002", "00000000-0000-7000-8000-000000000003"];
  await client.query("insert into orgs (id, slug, name) values ($1, 'acme', 'Acme')", [org]);
  await client.query("select set_config('app.org_id', $1, false)", [org]);
  for (const [at, id] of connectors.entries()) {
    await client.query(
      `insert into connectors (id, org_id, slug, name, url, era, protocol_version, server_name, credential)
         values ($1, $2, $3, $3, 'https://mcp.example.com:8443/mcp?a=b', 'legacy', '2025-11-25', 'server', $4)`,
      [id, org, `connector-${at}`, at === 0 ? Buffer.from("sealed before") : null],
    );
  }

  await migrate({ url, password: rolePassword }, log);
  const { rows } = await client.query("select id, access from connectors order by id");
  expect(rows).toEqual([
    { id: connectors[0], access: [{ kind: "bearer" }] },
    { id: connectors[1], access: [] },
  ]);
  const credentials = await client.query("select connector_id, slot, sealed, upstream_origin, status from credentials");
  expect(credentials.rows).toEqual([
    {
      ...{ connector_id: connectors[0], slot: "bearer", sealed: Buffer.from("sealed before"), status: "broken" },
      upstream_origin: "https://mcp.example.com:8443",
    },
  ]);
  await client.end();
}, 30_000);
