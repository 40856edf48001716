import type { Env, Hono, Schema } from "hono";
import { generateSpecs } from "hono-openapi";

const PROBLEM = {
  type: "object",
  description: "RFC 9457",
  properties: {
    type: { type: "string", description: "What kind of failure it is, as a URN" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What happened, and what to do" },
    traceId: { type: "string", description: "What to name to whoever runs the server" },
    fields: {
      type: "object",
      description: "What is wrong with each field, by its path",
      additionalProperties: { type: "string" },
    },
  },
  required: ["type", "title", "status", "detail"],
};

const REFUSED = { $ref: "#/components/responses/Refused" };
const TOO_MANY = { $ref: "#/components/responses/TooMany" };

const header = (name: string, description: string) => ({ in: "header", name, description, schema: { type: "string" } });
const IDEMPOTENCY_KEY = header("Idempotency-Key", "What is done is done once, however often it is sent within a day");
const IF_MATCH = header("If-Match", "The ETag of what shows this: refused with 412 where it has changed since");
const text = (description: string) => ({ description, schema: { type: "string" } });
const RATE_LIMIT = {
  RateLimit: text(
    "How much is left of what the token, or the signed-in person, may ask (draft-ietf-httpapi-ratelimit-headers)",
  ),
  "RateLimit-Policy": text("How much that is, and in how many seconds"),
};
const RETRY_AFTER = { "Retry-After": { description: "In seconds", schema: { type: "integer" } } };
const ETAG = { ETag: { description: "For `If-Match`", schema: { type: "string" } } };

const PROBLEM_CONTENT = { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };

const BROWSER = { session: [], csrf: [] };

const DOCUMENTATION = {
  info: {
    title: "Gatehouse management API",
    version: "1",
    description:
      "All that the dashboard does. Each request is for one org, and answers as the role of whoever asks may see; those of operators are for all orgs.",
  },
  servers: [{ url: "/api" }],
  security: [{ token: [] }, BROWSER],
  components: {
    securitySchemes: {
      token: { type: "http", scheme: "bearer", description: "A token with the scope manage:read or manage:write" },
      session: {
        type: "apiKey",
        in: "cookie",
        name: "__Host-gatehouse-session",
        description: "A browser that is signed in",
      },
      csrf: { type: "apiKey", in: "header", name: "x-csrf-token", description: "Where a browser changes something" },
    },
    schemas: { Problem: PROBLEM },
    responses: {
      Refused: { description: "Why it was not done", content: PROBLEM_CONTENT },
      TooMany: {
        description: "Faster than the token, or the signed-in person, may ask",
        headers: { ...RETRY_AFTER, ...RATE_LIMIT },
        content: PROBLEM_CONTENT,
      },
    },
  },
} as const;

type Described = Awaited<ReturnType<typeof generateSpecs>>;

/** The OpenAPI document of these routes, made from them. */
export async function describeApi<E extends Env, S extends Schema>(routes: Hono<E, S>): Promise<Described> {
  const documentation = structuredClone(DOCUMENTATION) as object;
  const document = await generateSpecs(routes, { documentation, excludeStaticFile: false });
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, route] of Object.entries(methods as Record<string, Route>)) {
      complete(path, route);
      if (path.startsWith("/session")) continue;
      addConditions(method, route);
      if (path.startsWith("/platform/")) route.security = [BROWSER];
      else if (method === "post") route.parameters.push(IDEMPOTENCY_KEY);
    }
  }
  return document;
}

interface Route {
  tags: string[];
  parameters: object[];
  responses: Record<string, object>;
  "x-roles"?: string[];
  description: string;
  security?: object[];
}

/** What all routes have in common. */
function complete(path: string, route: Route): void {
  route.parameters ??= [];
  const roles = route["x-roles"] ?? [];
  route.tags = [/^\/orgs\/\{org\}\/([^/]+)/.exec(path)?.[1] ?? path.split("/")[1]!];
  route.description = `For ${new Intl.ListFormat("en").format(roles.map((role) => `${role}s`))}.`;
  for (const answer of Object.values(route.responses)) Object.assign(answer, { headers: RATE_LIMIT });
  Object.assign(route.responses, { 429: TOO_MANY, "4XX": REFUSED, "5XX": REFUSED });
}

function addConditions(method: string, { parameters, responses }: Route): void {
  if (method === "get") Object.assign(responses["200"] ?? {}, { headers: { ...ETAG, ...RATE_LIMIT } });
  else parameters.push(IF_MATCH);
}
