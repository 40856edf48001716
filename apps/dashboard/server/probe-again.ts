import { parseAccess } from "@gatehouse/credentials/access";
import { Fault, toFault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import {
  type Connector,
  deleteTools,
  insertTools,
  listToolsOfConnector,
  lockConnector,
  updateToolDefinition,
  updateVerdict,
  type Verdict,
} from "@gatehouse/store/connectors";
import { listCredentialsOfConnector } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import type { ToolDefinition } from "@gatehouse/store/tables";
import type { User } from "@gatehouse/store/users";
import { compareCatalogues } from "./compare-catalogues.ts";
import type { Upstream } from "./conversation.ts";
import type { DashboardDeps } from "./dashboard.ts";
import { openedWith, openSecrets, tryClients } from "./org-credential.ts";
import { probe, probeVerdict } from "./probe.ts";

type Used = Pick<DashboardDeps, "db" | "egress" | "vault">;

/** Looks at a connector's upstream once more, for its owner, and stores what is different. */
export async function probeAgain(deps: Used, { org, user }: { org: { id: string }; user: User }, connector: Connector) {
  const { tools, leftOut, ...verdict } = await probe(
    await upstreamOf(deps, org.id, connector),
    pinnedEra(connector),
  ).catch(asUpstreamFailure);
  return withOrg(deps.db, org.id, async (scope) => {
    if (!(await isAsItWas(scope, connector))) throw changedMeanwhile();
    await updateVerdict(scope, connector.id, verdict);
    const changes = await storeChanges(scope, connector.id, tools);
    const { serverName: _, ...entry } = verdict;
    await insertAudit(scope, {
      ...{ event: "connector.probed", outcome: "ok", userId: user.id, connectorId: connector.id },
      entry: { ...entry, ...changes },
    });
    return { ...verdict, ...changes, leftOut };
  });
}

/** As `probeAgain`, unasked: for the verdict alone, and in the audit log only where it is another than before. */
export async function renewVerdict(deps: Used, orgId: string, connector: Connector, signal: AbortSignal) {
  const upstream = { ...(await upstreamOf(deps, orgId, connector)), signal };
  const verdict = await probeVerdict(upstream, pinnedEra(connector));
  await withOrg(deps.db, orgId, async (scope) => {
    if (!(await isAsItWas(scope, connector))) return;
    await updateVerdict(scope, connector.id, verdict);
    if (isSame(connector, verdict)) return;
    const { serverName: _, ...entry } = verdict;
    await insertAudit(scope, { event: "connector.probed", outcome: "ok", connectorId: connector.id, entry });
  });
}

async function upstreamOf({ db, egress, vault }: Used, orgId: string, connector: Connector): Promise<Upstream> {
  const url = new URL(connector.url);
  const access = parseAccess(connector.access);
  const place = { org: orgId, access, origin: url.origin, exception: connector.egressException };
  const rows = await withOrg(db, orgId, (scope) => listCredentialsOfConnector(scope, connector.id));
  const secrets = openSecrets(await vault.dataKey(orgId), place, rows);
  const opened = openedWith(await tryClients(egress, place, secrets));
  return { egress, url, opened, exception: connector.egressException };
}

export const pinnedEra = ({ upstreamEraPinned, era }: Connector) => (upstreamEraPinned ? era : undefined);

/** Nobody has changed, while the upstream was looked at, what it was looked at with. Locks the row. */
export async function isAsItWas(
  scope: OrgScope,
  { id, url, access, era, upstreamEraPinned }: Connector,
): Promise<boolean> {
  const now = await lockConnector(scope, id);
  if (JSON.stringify(now?.access) !== JSON.stringify(access)) return false;
  return now?.url === url && now.upstreamEraPinned === upstreamEraPinned && (!upstreamEraPinned || now.era === era);
}

export async function storeChanges(scope: OrgScope, connectorId: string, listed: ToolDefinition[]) {
  const stored = await listToolsOfConnector(scope, connectorId);
  const { added, changed, ...names } = compareCatalogues(stored, listed);
  await insertTools(scope, connectorId, added);
  for (const tool of changed) await updateToolDefinition(scope, connectorId, tool);
  await deleteTools(scope, connectorId, names.removed);
  return { added: added.map(({ name }) => name), changed: changed.map(({ name }) => name), ...names };
}

function isSame(one: Verdict, other: Verdict): boolean {
  return one.era === other.era && one.transport === other.transport && one.protocolVersion === other.protocolVersion;
}

export function changedMeanwhile(): Fault {
  return new Fault("conflict", "The connector was changed while its server was looked at. Check again.");
}

/** Nobody has typed anything: what is wrong is not a field. */
function asUpstreamFailure(thrown: unknown): never {
  const fault = toFault(thrown);
  if (fault.code !== "invalid_fields") throw fault;
  throw new Fault("upstream_failed", fault.message, { cause: fault.cause });
}
