import { openDatabase } from "@gatehouse/store/database";
import { listPublicKeys } from "@gatehouse/store/signing-keys";
import { cloneDatabase } from "@gatehouse/testing/database";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { loadSigningKeys } from "../src/keys.ts";

test("replicas that start at once share one key, and a later start finds it", async () => {
  await using database = await cloneDatabase();
  await using db = openDatabase(database.access, "gatehouse_auth");
  const loaded = await Promise.all(Array.from({ length: 5 }, () => loadSigningKeys(db, database.vault)));
  const kids = loaded.map((keys) => keys.map(({ kid }) => kid));
  expect(new Set(kids.flat()).size).toBe(1);
  expect(await loadSigningKeys(db, database.vault)).toEqual(loaded[0]);
});

test("the private half is sealed, and for the gateway's role it is not there", async () => {
  await using database = await cloneDatabase();
  await using db = openDatabase(database.access, "gatehouse_auth");
  const [key] = await loadSigningKeys(db, database.vault);
  const { rows } = await sql<{ row: string }>`select signing_keys::text as row from signing_keys`.execute(db);
  expect(rows[0]!.row).not.toContain(key!.d);
  expect(rows[0]!.row).not.toContain(Buffer.from(key!.d!).toString("hex"));
  await using gateway = openDatabase(database.access, "gatehouse_gateway");
  expect(await listPublicKeys(gateway)).toMatchObject([{ kid: key!.kid }]);
  await expect(sql`select private_jwk from signing_keys`.execute(gateway)).rejects.toThrow("permission denied");
});
