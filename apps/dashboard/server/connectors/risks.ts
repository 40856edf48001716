import { applyEdits, type EditableTool, type ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { ImportedApi } from "@gatehouse/connectors/openapi/import-description";
import { findRisks, reportRisks, toSarif } from "@gatehouse/connectors/risk/report";
import type { RiskTool } from "@gatehouse/connectors/risk/subject";
import { parseAccess, type Way } from "@gatehouse/credentials/access";
import { listConnectors, listTools, type Tool } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { Hono } from "hono";
import { z } from "zod";
import { query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { findConnector } from "./find-connector.ts";

const Format = z.object({ format: z.enum(["json", "sarif"]).default("json") });

const Finding = z.object({
  ...{ rule: z.string(), severity: z.enum(["high", "medium", "low"]), title: z.string(), why: z.string() },
  ...{ todo: z.string(), points: z.number(), pointer: z.string(), detail: z.string() },
  /** As clients see it; `null` where it is the connector as a whole. */
  tool: z.string().nullable(),
  /** As its server calls it, and as it is addressed here. */
  toolName: z.string().nullable(),
});
const RisksAnswer = z.object({ score: z.number(), findings: z.array(Finding) });

/** `/api/orgs/:org/connectors/:slug/risk` */
export function risks({ db }: Deps) {
  return new Hono<InOrg>().get(
    "/:slug/risk",
    operation("readRisks", {
      summary: "Report a connector's risks",
      needs: "change connectors",
      answers: RisksAnswer,
      media: ["application/sarif+json"],
    }),
    query(Format),
    async function read(c) {
      const { org } = c.var.membership;
      const { subject, connector, nameOf } = await withOrg(db, org.id, (scope) =>
        readSubject(scope, c.req.param("slug")),
      );
      const report = reportRisks(subject);
      if (c.req.valid("query").format === "json") {
        const findings = report.findings.map((found) => ({
          ...found,
          toolName: found.tool && nameOf.get(found.tool)!,
        }));
        return c.json({ ...report, findings });
      }
      c.header("content-disposition", `attachment; filename="${connector.slug}.sarif"`);
      return c.body(JSON.stringify(toSarif(report, connector)), 200, { "content-type": "application/sarif+json" });
    },
  );
}

async function readSubject(scope: OrgScope, slug: string) {
  const connector = await findConnector(scope, slug);
  const tools = await listTools(scope);
  const own = tools.filter(({ connectorId }) => connectorId === connector.id);
  const access = parseAccess(connector.access);
  const subject = {
    url: connector.url,
    access: { kinds: access.map(kindOf), scopes: access.flatMap((way) => ("scopes" in way ? (way.scopes ?? []) : [])) },
    others: await offeredBy(
      scope,
      tools.filter(({ connectorId }) => connectorId !== connector.id),
    ),
    tools: own.map(toRiskTool),
  };
  return { connector, subject, nameOf: new Map(own.map((tool) => [asOffered(tool).name, tool.name])) };
}

/** The connector's name, by what clients call the tool. */
async function offeredBy(scope: OrgScope, tools: Awaited<ReturnType<typeof listTools>>): Promise<Map<string, string>> {
  const names = new Map((await listConnectors(scope)).map(({ id, name }) => [id, name]));
  const offered = tools.filter((tool) => tool.offered);
  return new Map(offered.map((tool) => [asOffered(tool).name, names.get(tool.connectorId) ?? ""]));
}

/** What would be found in an API that is registered with all of its tools, and opened as it is suggested. */
export async function risksOfImport(scope: OrgScope, { url, security, tools }: ImportedApi) {
  const [way] = security;
  return findRisks({
    url: url ?? "",
    access: { kinds: way ? [way.kind] : [], scopes: [] },
    others: await offeredBy(scope, await listTools(scope)),
    tools: tools.map(({ definition, suggested }) => ({ ...definition, ...suggested, offered: true }) as RiskTool),
  });
}

const kindOf = (way: Way) => (way.kind === "member-secret" ? way.as.kind : way.kind);
const asOffered = ({ definition, edits }: Tool) => applyEdits(definition as EditableTool, edits as ToolEdits | null);

/** As clients see it: what the owner has mended is no risk any more. */
function toRiskTool(tool: Tool): RiskTool {
  return {
    ...(asOffered(tool) as Omit<RiskTool, "classification" | "offered">),
    classification: tool.classification,
    offered: tool.offered,
  };
}
