import { type AuditFilter, listAudit, listConnectorIds, listSubjectIds } from "@gatehouse/store/audit";
import { type DatabaseAccess, openDatabase, withOrg } from "@gatehouse/store/database";
import { createQueryId, type RootOperationNode } from "kysely";

// Of the very query that a search is: what Postgres reads for it, by its own account.

export interface Explainer extends AsyncDisposable {
  plan(query: Record<string, string>): Promise<Read>;
}

/** What the API's query reads. */
export interface Read {
  /** In a line. */
  says: string;
  /** Rows of the log that were looked at, and did not match. */
  inVain: number;
}

const PAGE = 100;

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
}

/** One way into the log's partitions, summed over those that were looked at. */
interface Way {
  partitions: number;
  rows: number;
  removed: number;
}

/** As the dashboard does, within one org. */
export function explainSearch(access: DatabaseAccess, orgId: string): Explainer {
  let last: RootOperationNode;
  const opened = openDatabase(access, "gatehouse_dashboard", 1);
  const db = opened.withPlugin({
    transformQuery({ node }) {
      last = node;
      return node;
    },
    transformResult: async ({ result }) => result,
  });

  async function planOf(query: Record<string, string>): Promise<Node> {
    return withOrg(db, orgId, async (scope) => {
      const { who, connector, trace, after, from, to, slower, larger, ...terms } = query;
      const filter: AuditFilter = {
        ...terms,
        traceId: trace,
        slower: slower ? Number(slower) : undefined,
        larger: larger ? Number(larger) : undefined,
        userIds: who ? await listSubjectIds(scope, who) : undefined,
        connectorIds: connector ? await listConnectorIds(scope, connector) : undefined,
        from: from ? new Date(from) : undefined,
        to: to ? new Date(to) : undefined,
      };
      await listAudit(scope, { ...filter, before: after, limit: PAGE });
      const compiled = scope.db.getExecutor().compileQuery(last, createQueryId());
      const explained = { ...compiled, sql: `explain (analyze, buffers, format json) ${compiled.sql}` };
      const { rows } = await scope.db.executeQuery<{ "QUERY PLAN": [{ Plan: Node }] }>(explained);
      return rows[0]!["QUERY PLAN"][0].Plan;
    });
  }

  return {
    plan: async (query) => condensed(await planOf(query)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function condensed(plan: Node): Read {
  const ways = new Map<string, Way>();
  collect(plan, ways);
  const parts = [...ways].map(([name, { partitions, rows, removed }]) => {
    const unwanted = removed > 0 ? `, ${removed} of them in vain` : "";
    return `${name}, ${partitions} month${partitions > 1 ? "s" : ""}: ${rows + removed} rows${unwanted}`;
  });
  const pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  const inVain = [...ways.values()].reduce((sum, { removed }) => sum + removed, 0);
  return { says: `${parts.join("; ") || "nothing"}; ${pages} pages`, inVain };
}

/** Partitions that the page was full before are in the plan, and never looked at. */
function collect(node: Node, ways: Map<string, Way>): void {
  const partition = partitionOf(node);
  if (partition && node["Actual Loops"] > 0) {
    const index = node["Index Name"]
      ?.replace(/^audit_log_\d{4}_\d\d_/, "")
      .replace(/_idx\d*$/, "")
      .replace(/^org_id_id_error.*/, "error")
      .replace(/^org_id_event_id_.*/, "event")
      .replace(/^org_id_id$/, "call");
    const name = index ? `\`${index}\`` : node["Node Type"].toLowerCase();
    const way = ways.get(name) ?? { partitions: 0, rows: 0, removed: 0 };
    way.partitions++;
    way.rows += node["Actual Rows"] * node["Actual Loops"];
    way.removed += (node["Rows Removed by Filter"] ?? 0) * node["Actual Loops"];
    ways.set(name, way);
  }
  for (const child of node.Plans ?? []) collect(child, ways);
}

const partitionOf = (node: Node): string | undefined =>
  [node["Relation Name"], node["Index Name"]].find((name) => name?.startsWith("audit_log_"));
