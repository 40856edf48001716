import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

// As `gatehouse_vault`, which alone may, and which may nothing else. It serves every org, so there is no tenant.

/** Under the master key of that id; without one, where the key is destroyed. */
export interface StoredDataKey {
  holder: string;
  masterKeyId: string | null;
  wrapped: Buffer | null;
}

const COLUMNS = ["holder", "master_key_id as masterKeyId", "wrapped"] as const;

export async function findDataKey(db: Kysely<Tables>, holder: string): Promise<StoredDataKey | null> {
  const row = await db.selectFrom("data_keys").select(COLUMNS).where("holder", "=", holder).executeTakeFirst();
  return row ?? null;
}

/** Of several at once, one gets in. */
export async function insertDataKey(
  db: Kysely<Tables>,
  { holder, masterKeyId, wrapped }: StoredDataKey,
): Promise<void> {
  await db
    .insertInto("data_keys")
    .values({ holder, master_key_id: masterKeyId, wrapped })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Those that are under another master key than this one, `countMax` of them, after `holder` in order. */
export function listDataKeysNotUnder(
  db: Kysely<Tables>,
  masterKeyId: string,
  { after, countMax }: { after: string; countMax: number },
): Promise<StoredDataKey[]> {
  return db
    .selectFrom("data_keys")
    .select(COLUMNS)
    .where("master_key_id", "!=", masterKeyId)
    .where("holder", ">", after)
    .orderBy("holder")
    .limit(countMax)
    .execute();
}

/** `false` where it has been wrapped anew, or destroyed, since it was read. */
export async function updateWrapping(
  db: Kysely<Tables>,
  read: StoredDataKey,
  { masterKeyId, wrapped }: { masterKeyId: string; wrapped: Buffer },
): Promise<boolean> {
  const result = await db
    .updateTable("data_keys")
    .set({ master_key_id: masterKeyId, wrapped })
    .where("holder", "=", read.holder)
    .where("wrapped", "=", read.wrapped)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** For good: the row stays, so that no other key is made in its place. */
export async function destroyDataKey(db: Kysely<Tables>, holder: string): Promise<void> {
  const destroyed = { master_key_id: null, wrapped: null, destroyed_at: sql<Date>`now()` };
  await db
    .insertInto("data_keys")
    .values({ holder, ...destroyed })
    .onConflict((conflict) => conflict.column("holder").doUpdateSet(destroyed))
    .execute();
}
