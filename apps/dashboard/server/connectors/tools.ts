import type { ToolEdits } from "@gatehouse/connectors/choice/edits";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { findTool, type Tool } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { type DecidedTool, decideOnTools, pageTools, summarizeTools } from "@gatehouse/store/tools";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { TOOL_NAME } from "../probe/catalogue.ts";
import { findConnector, findConnectorFor } from "./find-connector.ts";
import { Decision, decideOnTool, OpenTo } from "./tool-choice.ts";

const Filter = z.object({
  search: z.string().trim().max(200).optional(),
  tag: z.string().max(200).optional(),
  show: z.enum(["offered", "off", "read", "write", "unclassified", "edited"]).optional(),
});
const ToolsPage = Filter.extend(Page.shape).extend({ after: z.string().max(300).optional() });

const DecisionOnMany = z
  .object({
    offered: z.boolean().optional(),
    /** `suggested` is what the server says of each; what it does not call a read is a write. */
    classification: z.enum(["read", "write", "suggested"]).optional(),
  })
  .refine(({ offered, classification }) => offered !== undefined || classification !== undefined, {
    path: ["offered"],
    error: "Say whether they are offered, or what they are classified as",
  });

const ToolAnswer = z.object({
  ...{ name: z.string(), title: z.string().optional(), description: z.string().optional() },
  annotations: z.object({ readOnlyHint: z.boolean().optional(), destructiveHint: z.boolean().optional() }),
  operation: z.string().nullable(),
  tags: z.array(z.string()),
  classification: z.enum(["read", "write"]).nullable(),
  offered: z.boolean(),
  edits: z.looseObject({}).nullable(),
  openTo: OpenTo,
});

const ToolsAnswer = z.object({
  tools: z.array(ToolAnswer),
  /** To be sent as `after` for the next page. */
  next: z.string().nullable(),
  /** All that match, on whichever page. */
  matching: z.object({
    ...{ total: z.int(), offered: z.int(), suggestedReads: z.int() },
    /** Another one once any of them has been decided on. */
    revision: z.string(),
  }),
});

/** `/api/orgs/:org/connectors/:slug/tools` */
export function tools({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/:slug/tools",
      operation("listTools", {
        summary: "List a connector's tools, by name",
        needs: "belong to the org",
        answers: ToolsAnswer,
      }),
      query(ToolsPage),
      async function listTools(c) {
        const { limit, ...page } = c.req.valid("query");
        const [rows, matching] = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id } = await findConnectorFor(scope, c, c.req.param("slug"));
          return [await pageTools(scope, id, { ...page, limit: limit + 1 }), await summarizeTools(scope, id, page)];
        });
        const { items, next } = pageOf(rows, limit, ({ name }) => name);
        return c.json({ tools: items.map(toolView), next, matching });
      },
    )
    .patch(
      "/:slug/tools",
      operation("decideOnTools", {
        summary: "Decide on all tools that match: offer or withdraw, classify",
        needs: "change connectors",
      }),
      query(Filter),
      jsonBody(DecisionOnMany),
      async function decideOnAll(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id: connectorId } = await findConnector(scope, c.req.param("slug"));
          const decided = await decideOnTools(scope, connectorId, c.req.valid("query"), c.req.valid("json"));
          if (decided.length === 0) c.set("isUnchanged", true);
          const userId = c.var.session.user.id;
          for (const entry of told(decided)) {
            await insertAudit(scope, { event: "tools.changed", outcome: "ok", userId, connectorId, entry });
          }
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/:slug/tools/:name",
      operation("readTool", {
        summary: "Read a tool, with its definition",
        needs: "change connectors",
        answers: ToolAnswer.extend({ definition: z.looseObject({}) }),
      }),
      async function readTool(c) {
        const { slug, name } = c.req.param();
        const tool = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id } = await findConnector(scope, slug);
          return TOOL_NAME.test(name) ? findTool(scope, id, name) : null;
        });
        if (!tool) throw new Fault("not_found", "This connector has no such tool");
        return c.json({ ...toolView(tool), definition: tool.definition });
      },
    )
    .patch(
      "/:slug/tools/:name",
      operation("decideOnTool", {
        summary: "Decide on a tool: classify, offer, edit, open it",
        needs: "change connectors",
      }),
      jsonBody(Decision),
      async function decide(c) {
        const { slug, name } = c.req.param();
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id } = await findConnector(scope, slug);
          await decideOnTool(scope, c.var.session.user, { connectorId: id, name }, c.req.valid("json"));
        });
        return c.body(null, 204);
      },
    );
}

/** A row of the log for all that were the same before and are the same now. */
function told(decided: DecidedTool[]) {
  const same = Map.groupBy(decided, ({ before, after }) => JSON.stringify([before, after]));
  return [...same.values()].map((tools) => {
    const { before, after } = tools[0]!;
    return { tools: tools.map(({ name }) => name), before, after };
  });
}

function toolView({ name, definition, classification, offered, edits, openTo, operation, tags }: Tool) {
  const { title, description, annotations } = definition;
  const { readOnlyHint, destructiveHint } = annotations ?? {};
  const said = { name, title, description, annotations: { readOnlyHint, destructiveHint }, operation, tags };
  return { ...said, classification, offered, edits: edits as ToolEdits | null, openTo };
}
