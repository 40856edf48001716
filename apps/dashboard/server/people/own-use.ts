import { memberWayOf } from "@gatehouse/credentials/access";
import { type AuditEntry, listAudit } from "@gatehouse/store/audit";
import { countTools, pageConnectors } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { listTeamsOfMember } from "@gatehouse/store/teams";
import { Hono } from "hono";
import { z } from "zod";
import { query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const Page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(200),
  /** The id of the last endpoint that was seen. */
  after: z.uuid().optional(),
});

const EndpointsAnswer = z.object({
  endpoints: z.array(
    z.object({
      ...{ id: z.uuid(), slug: z.string(), name: z.string(), address: z.url() },
      /** How many are offered. */
      tools: z.int(),
      /** It works with an account of one's own. */
      needsAccount: z.boolean(),
    }),
  ),
  next: z.uuid().nullable(),
});

const CallsPage = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  /** The id of the last call that was seen. */
  after: z.uuid().optional(),
});

const CallsAnswer = z.object({
  calls: z.array(
    z.object({
      ...{ id: z.uuid(), at: z.iso.datetime(), outcome: z.string() },
      ...{ connector: z.string().nullable(), client: z.string().nullable() },
      /** The tool, or else the method. */
      what: z.string(),
      durationMs: z.number().nullable(),
    }),
  ),
  next: z.uuid().nullable(),
});

/** `/api/orgs/:org/access`: what a member may use, and how they have. */
export function ownUse({ db, publicUrl }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/endpoints",
      operation("listOwnEndpoints", {
        summary: "List the endpoints that are open to oneself",
        needs: "belong to the org",
        answers: EndpointsAnswer,
      }),
      query(Page),
      async function listEndpoints(c) {
        const { org, role } = c.var.membership;
        const { limit, after } = c.req.valid("query");
        const { rows, counts } = await withOrg(db, org.id, async (scope) => {
          const teams = await listTeamsOfMember(scope, c.var.session.user.id);
          const rows = await pageConnectors(scope, { after, limit: limit + 1, openFor: { role, teams } });
          return { rows, counts: await countTools(scope) };
        });
        const endpoints = rows.slice(0, limit).map(({ id, slug, name, access }) => ({
          ...{ id, slug, name, address: new URL(`/${org.slug}/${slug}/mcp`, publicUrl).href },
          tools: counts.find(({ connectorId }) => connectorId === id)?.offered ?? 0,
          needsAccount: memberWayOf(access) !== null,
        }));
        return c.json({ endpoints, next: rows.length > limit ? endpoints.at(-1)!.id : null });
      },
    )
    .get(
      "/calls",
      operation("listOwnCalls", {
        summary: "List one's own calls, newest first",
        needs: "belong to the org",
        answers: CallsAnswer,
      }),
      query(CallsPage),
      async function listCalls(c) {
        const { limit, after } = c.req.valid("query");
        const own = { event: "call", userIds: [c.var.session.user.id] };
        const rows = await withOrg(db, c.var.membership.org.id, (scope) =>
          listAudit(scope, { ...own, before: after, limit: limit + 1 }),
        );
        const seen = rows.slice(0, limit);
        const calls = seen.filter(({ entry }) => entry.phase !== "intent").map(callView);
        return c.json({ calls, next: rows.length > limit ? seen.at(-1)!.id : null });
      },
    );
}

function callView({ id, at, outcome, connectorName, entry }: AuditEntry) {
  const { tool, method, client, duration_ms: durationMs } = entry as Record<string, unknown>;
  return {
    ...{ id, at: at.toISOString(), outcome, connector: connectorName },
    client: typeof client === "string" ? client : null,
    what: String(tool ?? method ?? ""),
    durationMs: typeof durationMs === "number" ? durationMs : null,
  };
}
