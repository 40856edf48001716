import { type Kysely, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import type { Tables } from "./tables.ts";

// Mail goes to people, who may be in several orgs: no tenant.

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** The part of the vault that is needed here. */
interface Sealer {
  seal(place: { org: string; row: string }, plaintext: string): Promise<Buffer>;
}

interface Opener {
  open(place: { org: string; row: string }, sealed: Buffer): Promise<string>;
}

export interface DueMail {
  id: string;
  /** How often it has been tried, this time included. */
  attempts: number;
  createdAt: Date;
  mail: Mail;
}

/** It is sent once the transaction that `db` may be is committed. */
export async function insertMail(db: Kysely<Tables>, vault: Sealer, mail: Mail): Promise<void> {
  await insertMails(db, vault, [mail]);
}

const ROWS_AT_ONCE = 1000;

/** As `insertMail`, for many people. */
export async function insertMails(db: Kysely<Tables>, vault: Sealer, mails: readonly Mail[]): Promise<void> {
  for (let from = 0; from < mails.length; from += ROWS_AT_ONCE) {
    const rows = mails.slice(from, from + ROWS_AT_ONCE).map(async (mail) => {
      const id = uuidv7();
      return { id, sealed: await vault.seal(placeOf(id), JSON.stringify(mail)) };
    });
    await db
      .insertInto("mails")
      .values(await Promise.all(rows))
      .execute();
  }
}

/** Mails that are due: for whoever takes them, and for nobody else until `leaseSeconds` are over. */
export async function takeDueMails(
  db: Kysely<Tables>,
  vault: Opener,
  { countMax, leaseSeconds }: { countMax: number; leaseSeconds: number },
): Promise<DueMail[]> {
  const due = db
    .selectFrom("mails")
    .select("id")
    .where("due_at", "<=", sql<Date>`now()`)
    .orderBy("due_at")
    .limit(countMax)
    .forUpdate()
    .skipLocked();
  const rows = await db
    .updateTable("mails")
    .set({ attempts: sql<number>`attempts + 1`, due_at: sql<Date>`now() + make_interval(secs => ${leaseSeconds})` })
    .where("id", "in", due)
    .returning(["id", "sealed", "attempts", "created_at as createdAt"])
    .execute();
  return Promise.all(rows.map(openMail));

  async function openMail({ sealed, ...row }: (typeof rows)[number]): Promise<DueMail> {
    return { ...row, mail: JSON.parse(await vault.open(placeOf(row.id), sealed)) };
  }
}

/** How many seconds the oldest has waited; 0 where none does. */
export async function findMailLag(db: Kysely<Tables>): Promise<number> {
  const { seconds } = await db
    .selectFrom("mails")
    .select(sql<number>`coalesce(extract(epoch from now() - min(created_at)), 0)::float8`.as("seconds"))
    .executeTakeFirstOrThrow();
  return seconds;
}

export async function postponeMail(db: Kysely<Tables>, id: string, seconds: number): Promise<void> {
  await db
    .updateTable("mails")
    .set({ due_at: sql<Date>`now() + make_interval(secs => ${seconds})` })
    .where("id", "=", id)
    .execute();
}

export async function deleteMail(db: Kysely<Tables>, id: string): Promise<void> {
  await db.deleteFrom("mails").where("id", "=", id).execute();
}

function placeOf(id: string) {
  return { org: "deployment", row: `mails/${id}` };
}
