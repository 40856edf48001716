import { Fault } from "@gatehouse/faults";
import type { Env, MiddlewareHandler } from "hono";
import { validator } from "hono/validator";
import type { z } from "zod";

/** What the body says, or `invalid_fields` with one sentence for each field that is wrong. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  type Types = { in: { json: z.input<Schema> }; out: { json: z.output<Schema> } };
  return validator("json", (value) => parseFields(schema, value)) as MiddlewareHandler<Env, string, Types>;
}

export function query<Schema extends z.ZodType>(schema: Schema) {
  type Text = { [Name in keyof z.input<Schema>]?: string };
  type Types = { in: { query: Text }; out: { query: z.output<Schema> } };
  return validator("query", (value) => parseFields(schema, value)) as MiddlewareHandler<Env, string, Types>;
}

function parseFields<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string> = {};
  for (const { path, message } of parsed.error.issues) fields[path.join(".") || "body"] ??= message;
  throw invalidFields(fields);
}

/** The problem document's `fields` has them one by one, its `detail` all together. */
export function invalidFields(fields: Record<string, string>): Fault {
  return new Fault("invalid_fields", Object.values(fields).join(". "), { data: { fields } });
}
