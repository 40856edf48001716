import { Fault } from "@gatehouse/faults";
import { hashMailedToken } from "@gatehouse/store/mailed-token";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { Problems } from "../field.ts";
import type { InteractionDeps } from "../interaction.ts";
import type { Html } from "../pages.ts";

export type AccountDeps = InteractionDeps;

export type AccountContext = Context<{ Bindings: HttpBindings }>;

/** What a person filled in, and what was wrong with it. */
export interface View {
  csrfToken: string;
  values: Record<string, string>;
  problems: Problems;
}

/** A page under `/account` with a form. What is wrong with what was filled in is thrown, and shown beside it. */
export interface AccountForm {
  show(c: AccountContext, view: View): Promise<Html>;
  /** Answers with the path to go on to. */
  submit(c: AccountContext, values: Record<string, string>): Promise<string | Response>;
}

/** One sentence for each field that is wrong, or nothing. */
export function refuseFields(problems: Record<string, string | null | undefined>): void {
  const fields = Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem));
  if (Object.keys(fields).length === 0) return;
  throw new Fault("invalid_fields", Object.values(fields).join(". "), { data: { fields } });
}

const INVISIBLE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What is wrong with a name that others will read, or `null`. */
export function nameProblem(name: string, missing: string): string | null {
  if (!name) return missing;
  if (name.length > 80) return "Use at most 80 characters";
  return INVISIBLE.test(name) ? "Leave out invisible characters" : null;
}

/** The link's token: in the address, where the form on its page is sent to as well. */
export function tokenHashOf(c: AccountContext): Buffer {
  return hashMailedToken(c.req.query("token") ?? "");
}

export function linkIsDead(what: string): Fault {
  return new Fault("not_found", `This link does not work: it was used already, or is too old. ${what}`);
}
