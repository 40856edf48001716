import { Fault } from "@gatehouse/faults";
import type { Env, MiddlewareHandler } from "hono";
import { validator } from "hono/validator";
import { z } from "zod";
import { describedBy, schemaOf } from "./operation.ts";

/** Of every list that can grow. `after` is what the page before called `next`. */
export const Page = z.object({
  after: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
});

/** Of a list that is looked through by what its rows are called. */
export const SearchedPage = Page.extend({ search: z.string().trim().max(200).optional() });

/** Of rows that are one more than `limit` where there are more. */
export function pageOf<Row>(rows: Row[], limit: number, cursorOf: (row: Row) => string) {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? cursorOf(items.at(-1)!) : null };
}

/** What the body says, or `invalid_fields` with one sentence for each field that is wrong. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  type Types = { in: { json: z.input<Schema> }; out: { json: z.output<Schema> } };
  const content = { "application/json": { schema: schemaOf(schema, "input") } };
  const parse = validator("json", (value) => parseFields(schema, value)) as MiddlewareHandler<Env, string, Types>;
  return describedBy({ requestBody: { required: true, content } }, parse);
}

export function query<Schema extends z.ZodType>(schema: Schema) {
  type Text = { [Name in keyof z.input<Schema>]?: string };
  type Types = { in: { query: Text }; out: { query: z.output<Schema> } };
  const parse = validator("query", (value) => parseFields(schema, value)) as MiddlewareHandler<Env, string, Types>;
  return describedBy({ parameters: parametersOf(schema) }, parse);
}

function parametersOf(schema: z.ZodType) {
  const { properties = {}, required = [] } = schemaOf(schema, "input") as { properties?: object; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => ({
    ...{ in: "query", name, schema },
    required: required.includes(name),
  }));
}

function parseFields<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  refuseUnkept(value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const { path, message } of parsed.error.issues) fields[path.join(".") || "body"] ??= message;
  throw invalidFields(fields);
}

const DEPTH_MAX = 100;

/** Postgres keeps no text with a NUL in it; and what is nested without end would be followed without end. */
function refuseUnkept(value: unknown, path: readonly string[] = []): void {
  const [field = "body"] = path;
  if (typeof value === "string" && value.includes("\0"))
    throw invalidFields({ [field]: "Leave out the NUL character" });
  if (path.length > DEPTH_MAX) throw invalidFields({ [field]: `This is nested more than ${DEPTH_MAX} deep` });
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    refuseUnkept(name, path);
    refuseUnkept(inner, [...path, name]);
  }
}

/** The problem document's `fields` has them one by one, its `detail` all together. */
export function invalidFields(fields: Record<string, string>): Fault {
  return new Fault("invalid_fields", Object.values(fields).join(". "), { data: { fields } });
}
