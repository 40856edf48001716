import { applyEdits, type EditableTool, type ToolEdits } from "@gatehouse/connectors/choice/edits";
import { argumentProblems } from "@gatehouse/connectors/http/check-arguments";
import { Fault } from "@gatehouse/faults";
import { mirroredParameters } from "@gatehouse/mcp/headers";
import type { Params, Response } from "@gatehouse/mcp/message";
import type { DashboardCall } from "@gatehouse/oauth/dashboard-token";
import { canonicalEndpoint } from "@gatehouse/oauth/endpoint";
import { findConnectorBySlug, listToolsOfConnector, type Tool } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { SLUG } from "@gatehouse/store/orgs";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { invalidFields, jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { type CallEndpoint, endpointCaller } from "./call-endpoint.ts";
import { findMayUse } from "./may-use.ts";

const PAGES_MAX = 20;

const Call = z.object({
  method: z.enum(["tools/call", "resources/read", "prompts/get"], "Call a tool, read a resource or fill a prompt"),
  /** As the specification has them, `inputResponses` and `requestState` of a further round included. */
  params: z.record(z.string(), z.json()),
  /** Whoever calls knows that something may be changed by it; without it, what is no read is refused. */
  mayWrite: z.boolean().default(false),
});

/** What is listed by which method, and where it is in the answer. Of tools there is a catalogue, which asks nobody. */
const LISTED = {
  resources: [
    ["resources/list", "resources"],
    ["resources/templates/list", "resourceTemplates"],
  ],
  prompts: [["prompts/list", "prompts"]],
} as const;

const Kind = z.enum(["tools", "resources", "prompts"]);
const Named = z.looseObject({ name: z.string() });

const ListAnswer = z.object({
  items: z.array(z.object({ definition: Named, access: z.enum(["read", "write"]) })),
});

const CallAnswer = z.object({
  /** What was sent, and what came back: JSON-RPC both. */
  request: z.looseObject({ method: z.string() }),
  response: z.looseObject({}),
  status: z.int(),
  durationMs: z.number(),
  traceId: z.string(),
});

type Named = Record<string, never> & { name: string };

/** `/api/orgs/:org/connectors/:slug/playground`: the connector as whoever is signed in has it, by way of the gateway. */
export function playground(deps: Deps) {
  const callEndpoint = endpointCaller(deps);

  return new Hono<InOrg>()
    .get(
      "/:slug/playground/:kind",
      operation("listPlayground", {
        summary: "List the tools, resources or prompts that one has at a connector",
        needs: "be signed in",
        answers: ListAnswer,
      }),
      async function list(c) {
        const kind = Kind.safeParse(c.req.param("kind"));
        if (!kind.success) throw new Fault("not_found", "There are tools, resources and prompts");
        const { caller, tools } = await findCaller(c, deps, ["mcp:read"]);
        if (kind.data === "tools") return c.json({ items: tools.map(offerOf) });
        const listed = LISTED[kind.data].map(([method, member]) =>
          listAll(callEndpoint, caller, { method, member, signal: c.req.raw.signal }),
        );
        const items = (await Promise.all(listed)).flat();
        return c.json({ items: items.map((item) => ({ definition: item as Named, access: "read" as const })) });
      },
    )
    .post(
      "/:slug/playground",
      operation("callFromPlayground", {
        summary: "Call a tool, read a resource or fill a prompt as oneself",
        needs: "be signed in",
        answers: CallAnswer,
      }),
      jsonBody(Call),
      async function call(c) {
        const { method, params, mayWrite } = c.req.valid("json");
        const { caller, tools } = await findCaller(c, deps, mayWrite ? ["mcp:read", "mcp:write"] : ["mcp:read"]);
        const tool = method === "tools/call" ? tools.find((tool) => nameOf(tool) === params.name) : undefined;
        if (tool) checkArguments(tool, params.arguments);
        const mirrored = mirroredParameters(tool?.definition.inputSchema) ?? [];
        const called = await callEndpoint(caller, {
          ...{ method, params: params as Params, mirrored, signal: c.req.raw.signal },
        });
        return c.json({
          ...called,
          request: called.request as unknown as Record<string, never>,
          response: called.response as unknown as Pick<Response, "error"> & { result?: Record<string, never> },
        });
      },
    );
}

const nameOf = ({ name, edits }: Tool): string => (edits as ToolEdits | null)?.name ?? name;
/** As clients see it. */
const asOffered = ({ definition, edits }: Tool) => applyEdits(definition as EditableTool, edits as ToolEdits | null);

const offerOf = (tool: Tool) => ({
  definition: asOffered(tool) as unknown as Named,
  access: tool.classification ?? ("write" as const),
});

/** By the schema that clients see. What cannot be checked is for the server to say. */
function checkArguments(tool: Tool, args: unknown = {}): void {
  const { inputSchema } = asOffered(tool);
  const problems = argumentProblems(inputSchema as never, args);
  if (Object.keys(problems).length > 0) throw invalidFields(problems);
}

/** And the tools that are offered to them. For whom the connector is not open, there is none. */
async function findCaller(c: Context<InOrg>, { db, publicUrl }: Deps, scopes: string[]) {
  const { org, role } = c.var.membership;
  const { id: userId } = c.var.session.user;
  const slug = c.req.param("slug")!;
  return withOrg(db, org.id, async (scope) => {
    const connector = SLUG.test(slug) ? await findConnectorBySlug(scope, slug) : null;
    const mayUse = await findMayUse(scope, { userId, role });
    if (!connector || !mayUse(connector.openTo)) throw new Fault("not_found", "There is no such connector");
    const audience = canonicalEndpoint(publicUrl, { org: org.slug, connector: slug });
    const caller: DashboardCall = { subject: userId, orgId: org.id, endpointId: connector.id, audience, scopes };
    const tools = await listToolsOfConnector(scope, connector.id);
    return { caller, tools: tools.filter(({ offered, openTo }) => offered && mayUse(openTo)) };
  });
}

interface List {
  method: string;
  member: string;
  signal: AbortSignal;
}

const METHOD_NOT_FOUND = -32601;

/** A server that has none of a kind may not know the method. */
async function listAll(callEndpoint: CallEndpoint, caller: DashboardCall, { method, member, signal }: List) {
  const items: { name: string }[] = [];
  let cursor: unknown;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { response } = await callEndpoint(caller, { method, params: cursor ? { cursor } : {}, signal });
    if (response.error?.code === METHOD_NOT_FOUND) break;
    if (response.error) throw new Fault("upstream_failed", response.error.message, { data: dataOf(response.error) });
    items.push(...z.array(Named).catch([]).parse(response.result?.[member]));
    cursor = response.result?.nextCursor;
    if (!cursor) break;
  }
  return items;
}

/** Where an account is linked, for one. */
function dataOf({ data }: { data?: unknown }): Record<string, unknown> {
  const { url } = (data ?? {}) as { url?: unknown };
  return typeof url === "string" ? { url } : {};
}
