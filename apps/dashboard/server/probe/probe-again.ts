import { memberWayOf, parseAccess } from "@gatehouse/credentials/access";
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
import type { Org } from "@gatehouse/store/orgs";
import type { ToolDefinition } from "@gatehouse/store/tables";
import type { User } from "@gatehouse/store/users";
import { z } from "zod";
import { openedWith, openSecrets, tryClients } from "../connectors/org-credential.ts";
import type { DashboardDeps } from "../dashboard.ts";
import { type Asker, askerOf, asserted } from "./asker.ts";
import { compareCatalogues } from "./compare-catalogues.ts";
import { NotLetIn, type Upstream } from "./conversation.ts";
import { anotherAccount, type OwnAccount, ownAccount, type Whose } from "./own-account.ts";
import { isSeen, type Probed, probe, probeVerdict } from "./probe.ts";

type Used = Pick<DashboardDeps, "db" | "egress" | "vault" | "operatorClients">;

const Names = z.array(z.string());

/** What an upstream speaks. */
export const VERDICT = {
  era: z.enum(["legacy", "modern"]),
  transport: z.enum(["streamable-http", "http+sse", "openapi"]),
  protocolVersion: z.string(),
};

/** How its tools have changed; of what was read and is no longer known to be, the owner is asked again. */
export const ProbedAnswer = z.object({
  ...VERDICT,
  serverName: z.string(),
  ...{ added: Names, changed: Names, removed: Names, unclassified: Names, leftOut: Names },
  isFirst: z.boolean(),
});

/** Looks at a connector's upstream once more, for its owner and with what they have linked, and stores what is different. */
export async function probeAgain(
  deps: Used & Pick<DashboardDeps, "publicUrl">,
  { org, user }: { org: Pick<Org, "id" | "slug">; user: User },
  connector: Connector,
) {
  const whose = { orgId: org.id, userId: user.id, connector };
  const { tools, leftOut, ...verdict } = await probeAs(deps, whose, askerOf(deps, { org, user })).catch(
    asUpstreamFailure,
  );
  return withOrg(deps.db, org.id, async (scope) => {
    if (!(await isAsItWas(scope, connector))) throw changedMeanwhile();
    await updateVerdict(scope, connector.id, verdict);
    const changes = await storeChanges(scope, connector, tools);
    await insertAudit(scope, {
      ...{ event: "connector.probed", outcome: "ok", userId: user.id, connectorId: connector.id },
      entry: { ...seenAnew(connector, verdict), ...changes },
    });
    return { ...verdict, ...changes, leftOut, isFirst: !isSeen(connector) };
  });
}

const NOBODY = { own: null, asker: null };

/** A link that the upstream no longer takes is renewed, once. */
async function probeAs(deps: Used, whose: Whose, asker: Asker): Promise<Probed> {
  const { connector } = whose;
  const own = await ownAccount(deps, whose);
  const look = async (account: OwnAccount | null) =>
    probe(await upstreamOf(deps, whose.orgId, connector, { own: account, asker }), pinnedEra(connector));
  return look(own).catch(async (refused) => {
    if (!(refused instanceof NotLetIn) || !memberWayOf(connector.access)) throw refused;
    const another = own && (await anotherAccount(deps, whose));
    if (another) return look(another);
    throw own ? accountRefused(connector) : accountNeeded(connector);
  });
}

const accountNeeded = ({ name }: Connector) =>
  new Fault("conflict", `${name} shows its tools only to who has an account there. Link your own, and check again.`);

const accountRefused = ({ name }: Connector) =>
  new Fault("conflict", `${name} no longer lets you in with the account that you have linked. Link it anew.`);

/** As `probeAgain`, unasked and as nobody: for the verdict alone, and in the audit log only where it is another than before. */
export async function renewVerdict(deps: Used, orgId: string, connector: Connector, signal: AbortSignal) {
  const upstream = { ...(await upstreamOf(deps, orgId, connector, NOBODY)), signal };
  const verdict = await probeVerdict(upstream, pinnedEra(connector));
  await withOrg(deps.db, orgId, async (scope) => {
    if (!(await isAsItWas(scope, connector))) return;
    await updateVerdict(scope, connector.id, verdict);
    if (isSame(connector, verdict)) return;
    const entry = seenAnew(connector, verdict);
    await insertAudit(scope, { event: "connector.probed", outcome: "ok", connectorId: connector.id, entry });
  });
}

async function upstreamOf(
  { db, egress, vault }: Used,
  orgId: string,
  connector: Connector,
  { own, asker }: { own: OwnAccount | null; asker: Asker | null },
): Promise<Upstream> {
  const url = new URL(connector.url);
  const access = parseAccess(connector.access);
  const place = { org: orgId, access, origin: url.origin, exception: connector.egressException, asker };
  const rows = await withOrg(db, orgId, (scope) => listCredentialsOfConnector(scope, connector.id));
  const secrets = openSecrets(await vault.dataKey(orgId), place, rows);
  const tried = await tryClients(egress, place, secrets);
  const opened = openedWith([...tried, ...(asker ? asserted(access, asker, url) : []), ...(own ? [own] : [])]);
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

/** What a server shows for the first time is offered, as it would have been when it was registered. */
export async function storeChanges(scope: OrgScope, connector: Connector, listed: ToolDefinition[]) {
  const { id: connectorId } = connector;
  const stored = await listToolsOfConnector(scope, connectorId);
  const { added, changed, ...names } = compareCatalogues(stored, listed);
  await insertTools(scope, connectorId, isSeen(connector) ? added : added.map((tool) => ({ ...tool, offered: true })));
  for (const tool of changed) await updateToolDefinition(scope, connectorId, tool);
  await deleteTools(scope, connectorId, names.removed);
  return { added: added.map(({ name }) => name), changed: changed.map(({ name }) => name), ...names };
}

function seenAnew(before: Verdict, after: Verdict) {
  return { before: spoken(before), after: spoken(after) };
}

const spoken = ({ era, transport, protocolVersion }: Verdict) => ({ era, transport, protocolVersion });

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
