import { openDatabase, openDatabaseAsOwner } from "@gatehouse/store/database";
import { listPublicKeys } from "@gatehouse/store/signing-keys";
import { createLogger } from "@gatehouse/telemetry/log";
import { cloneDatabase } from "@gatehouse/testing/database";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { type KeyRing, openKeyRing, retireKeys, rotateKeys } from "../src/keys.ts";

async function openKeys() {
  await using stack = new AsyncDisposableStack();
  const { access, vault } = stack.use(await cloneDatabase());
  const owner = stack.use(openDatabaseAsOwner(access.url));
  const db = stack.use(openDatabase(access, "gatehouse_auth"));
  const log = createLogger({ level: "silent" });
  const opened = stack.move();
  return {
    ...{ access, vault, db },
    ring: () => openKeyRing({ db, vault, log, keysIntervalMs: 20 }),
    /** As if everything had been done so much earlier. */
    async letPass(interval: string): Promise<void> {
      await sql`update signing_keys set created_at = created_at - ${interval}::interval,
        signs_from = signs_from - ${interval}::interval, signs_until = signs_until - ${interval}::interval`.execute(
        owner,
      );
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const kidsOf = (keys: KeyRing["signing"]) => keys.map(({ kid }) => kid);
const changed = (ring: KeyRing) => new Promise<void>((resolve) => ring.onChange(resolve));

test("replicas that start at once share one key and the next one, and a later start finds them", async () => {
  await using keys = await openKeys();
  const rings = await Promise.all(Array.from({ length: 5 }, keys.ring));
  const kids = kidsOf(rings[0]!.signing);
  expect(kids).toHaveLength(2);
  rings.push(await keys.ring());
  for (const ring of rings) {
    expect(kidsOf(ring.signing)).toEqual(kids);
    expect(new Set(kidsOf(ring.published))).toEqual(new Set(kids));
    await ring[Symbol.asyncDispose]();
  }
});

test("the private half is sealed, and for the gateway's role it is not there", async () => {
  await using keys = await openKeys();
  await using ring = await keys.ring();
  const [key] = ring.signing;
  const { rows } = await sql<{ row: string }>`select signing_keys::text as row from signing_keys`.execute(keys.db);
  for (const { row } of rows) {
    expect(row).not.toContain(key!.d);
    expect(row).not.toContain(Buffer.from(key!.d!).toString("hex"));
  }
  await using gateway = openDatabase(keys.access, "gatehouse_gateway");
  expect(await listPublicKeys(gateway)).toContainEqual(expect.objectContaining({ kid: key!.kid }));
  await expect(sql`select private_jwk from signing_keys`.execute(gateway)).rejects.toThrow("permission denied");
});

test("a next key that others cannot know yet waits until they can", async () => {
  await using keys = await openKeys();
  await using ring = await keys.ring();
  const [current, next] = kidsOf(ring.signing);
  const rotated = await rotateKeys(keys.db, keys.vault);
  expect(rotated.kid).toBe(next);
  expect(rotated.signsFrom.getTime()).toBeGreaterThan(Date.now() + 800_000);
  await changed(ring);
  expect(kidsOf(ring.signing)[0]).toBe(current);
  await expect(rotateKeys(keys.db, keys.vault)).rejects.toThrow("A rotation is under way");
  await keys.letPass("15 minutes");
  await changed(ring);
  expect(kidsOf(ring.signing)[0]).toBe(next);
});

test("a key that signs no more loses its private half, and stays published until its last token is gone", async () => {
  await using keys = await openKeys();
  await using ring = await keys.ring();
  const [first, second] = kidsOf(ring.signing);
  await keys.letPass("1 day");
  await rotateKeys(keys.db, keys.vault);
  await changed(ring);
  const third = kidsOf(ring.signing).find((kid) => kid !== first && kid !== second);
  await retireKeys(keys.db);
  await using during = await keys.ring();
  expect(kidsOf(during.signing)).toEqual([second, first, third]);
  await keys.letPass("11 minutes");
  await retireKeys(keys.db);
  await using after = await keys.ring();
  expect(kidsOf(after.signing)).toEqual([second, third]);
  expect(kidsOf(after.published)).toContain(first);
  await keys.letPass("12 hours");
  await retireKeys(keys.db);
  await using end = await keys.ring();
  expect(kidsOf(end.published)).toEqual([second, third]);
});
