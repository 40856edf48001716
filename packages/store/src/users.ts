import { Fault } from "@gatehouse/faults";
import { type Kysely, sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { isUniqueViolation } from "./database.ts";
import type { Tables } from "./tables.ts";

// Users belong to no org: one person may be a member of several. These functions take no tenant.

export interface User {
  id: string;
  email: string;
  name: string;
}

export interface UserWithPassword extends User {
  passwordHash: string;
}

/** For sign-in alone; `email` in any case. */
export async function findUserByEmail(db: Kysely<Tables>, email: string): Promise<UserWithPassword | null> {
  const row = await db
    .selectFrom("users")
    .select(["id", "email", "name", "password_hash as passwordHash"])
    .where("email", "=", sql<string>`lower(${email})`)
    .executeTakeFirst();
  return row ?? null;
}

export async function findUser(db: Kysely<Tables>, id: string): Promise<User | null> {
  const row = await db.selectFrom("users").select(["id", "email", "name"]).where("id", "=", id).executeTakeFirst();
  return row ?? null;
}

export async function insertUser(
  db: Kysely<Tables>,
  { email, name, passwordHash }: { email: string; name: string; passwordHash: string },
): Promise<User> {
  const user = { id: uuidv7(), email: email.toLowerCase(), name };
  try {
    await db
      .insertInto("users")
      .values({ ...user, password_hash: passwordHash })
      .execute();
  } catch (error) {
    if (isUniqueViolation(error, "users_email")) throw new Fault("conflict", `${user.email} has an account already`);
    throw error;
  }
  return user;
}

export async function updatePasswordHash(db: Kysely<Tables>, id: string, passwordHash: string): Promise<void> {
  await db.updateTable("users").set({ password_hash: passwordHash }).where("id", "=", id).execute();
}

export async function updateEmail(db: Kysely<Tables>, id: string, email: string): Promise<void> {
  try {
    await db.updateTable("users").set({ email: email.toLowerCase() }).where("id", "=", id).execute();
  } catch (error) {
    if (isUniqueViolation(error, "users_email")) throw new Fault("conflict", `${email} has an account already`);
    throw error;
  }
}
