import type { MiddlewareHandler } from "hono";
import { type describeRoute, uniqueSymbol } from "hono-openapi";
import { z } from "zod";
import { type InOrg, type Need, refuseUnless, rolesThat } from "./membership.ts";

interface Operation {
  /** A verb and its object, as the document's readers see it. */
  summary: string;
  /** Who may. */
  needs: Need;
  /** What the answer holds, as JSON; none where it is left out. */
  answers?: z.ZodType;
  /** Where it is not 200, or 204 without `answers`. */
  status?: 201 | 202;
  /** In place of JSON, or besides it. */
  media?: readonly string[];
}

type Spec = Parameters<typeof describeRoute>[0];

/** The first middleware of every route under `/api`: lets in who may, and is its description in the OpenAPI document. */
export function operation(operationId: string, described: Operation): MiddlewareHandler<InOrg> {
  return describedBy(specOf(operationId, described), async function allow(c, next) {
    refuseUnless(c, described.needs);
    const { onCondition } = c.var;
    await (onCondition ? onCondition(next) : next());
  });
}

function specOf(operationId: string, { summary, needs, answers, status, media = [] }: Operation): Spec {
  const content = Object.fromEntries([
    ...(answers ? [["application/json", { schema: schemaOf(answers, "output") }]] : []),
    ...media.map((type) => [type, { schema: { type: "string" } }]),
  ]);
  const isEmpty = Object.keys(content).length === 0;
  const response = { description: isEmpty ? "Done" : "What was asked for", ...(isEmpty ? {} : { content }) };
  const responses = { [status ?? (isEmpty ? 204 : 200)]: response };
  return { operationId, summary, responses, "x-needs": needs, "x-roles": rolesThat(needs) } as Spec;
}

/** What a middleware says of its route, for the document. */
export function describedBy<Handler extends object>(spec: Spec, middleware: Handler): Handler {
  return Object.assign(middleware, { [uniqueSymbol]: { spec } });
}

/** JSON Schema of what is sent, or of what is answered. What refers to itself is any JSON. */
export function schemaOf(type: z.ZodType, io: "input" | "output"): object {
  const { $schema: _, $defs: __, ...schema } = z.toJSONSchema(type, { io, unrepresentable: "any" });
  return JSON.parse(JSON.stringify(schema), (_, value) => (value?.$ref?.startsWith?.("#/$defs/") ? {} : value));
}
