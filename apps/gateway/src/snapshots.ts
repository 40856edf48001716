import type { ToolEdits } from "@gatehouse/connectors/choice/edits";
import type { Binding } from "@gatehouse/connectors/http/binding";
import { type Access, isOnBehalf, parseAccess } from "@gatehouse/credentials/access";
import { type MirroredParameter, mirroredParameters } from "@gatehouse/mcp/headers";
import { needsWrap } from "@gatehouse/mcp/wrap-output-schema";
import { canonicalEndpoint } from "@gatehouse/oauth/endpoint";
import { findAuditSettings } from "@gatehouse/store/audit-settings";
import { type ChangeCursor, deleteOldChanges, listChanges } from "@gatehouse/store/changes";
import { type Connector, listConnectors, listTools, type Tool } from "@gatehouse/store/connectors";
import { type Credential, listOrgCredentials } from "@gatehouse/store/credentials";
import { type Database, unavailableIfUnreachable, withOrg } from "@gatehouse/store/database";
import { type Allowance, readAllowance } from "@gatehouse/store/limits";
import { findOrg, listMembers } from "@gatehouse/store/orgs";
import { listRevokedGrants } from "@gatehouse/store/revocations";
import { listLiveTokens } from "@gatehouse/store/static-tokens";
import { findSuspension } from "@gatehouse/store/suspensions";
import type { ClientEras, Era, KeptArguments, OpenTo, Role, ToolDefinition, Transport } from "@gatehouse/store/tables";
import { listMemberFacts, listTeamsOfMembers, type MemberFacts } from "@gatehouse/store/teams";
import { type StaticTokens, staticTokens } from "./static-tokens.ts";

export interface ToolPolicy {
  /** As the upstream, or the API's description, calls it. */
  name: string;
  /** As clients see it. */
  offeredName: string;
  access: "read" | "write";
  offered: boolean;
  /** `null` is every member who may use the connector. */
  openTo: OpenTo | null;
  edits: ToolEdits | null;
  /** Of an API's operation: what the gateway itself has to know of it. */
  api: ApiOperation | null;
  mirrored: MirroredParameter[];
  /** Legacy clients are shown its outputSchema as the member of an object. */
  outputIsWrapped: boolean;
}

export interface ApiOperation {
  definition: ToolDefinition;
  binding: Binding;
}

export interface ConnectorSnapshot {
  id: string;
  slug: string;
  name: string;
  era: Era;
  transport: Transport;
  clientEras: ClientEras;
  origin: string;
  /** With its query. */
  path: string;
  egressException: string | null;
  /** How it is opened: by all of these together. */
  access: Access;
  /** The org's own, by their slots. */
  credentials: ReadonlyMap<string, Credential>;
  openTo: OpenTo | null;
  /** By the name that clients see. */
  tools: ReadonlyMap<string, ToolPolicy>;
  /** By the name that the upstream has. */
  upstreamTools: ReadonlyMap<string, ToolPolicy>;
}

/** What calls in an org are judged by. */
export interface OrgSnapshot {
  id: string;
  slug: string;
  name: string;
  /** By an operator: nobody is admitted. */
  suspended: boolean;
  /** What the audit log keeps of calls' arguments. */
  keptArguments: KeptArguments;
  members: ReadonlyMap<string, Role>;
  /** The teams of each member who is in any. */
  teams: ReadonlyMap<string, ReadonlySet<string>>;
  /** Of each member, where an argument is pinned to them, or an upstream is told who calls. */
  facts: ReadonlyMap<string, MemberFacts>;
  allowance: Allowance;
  revokedGrants: ReadonlySet<string>;
  staticTokens: StaticTokens;
  connectors: ReadonlyMap<string, ConnectorSnapshot>;
}

export interface OrgSnapshots extends AsyncDisposable {
  /** `null` for an org that is not there. Throws `unavailable` where what is remembered is old and cannot be renewed. */
  find(orgId: string): OrgSnapshot | null | Promise<OrgSnapshot | null>;
  /** Told of each org when it is first read, and of each change. */
  onChange(listener: OrgListener): void;
  /** A member's credentials are not what they were. */
  onMemberChange(listener: MemberListener): void;
}

type OrgListener = (org: OrgSnapshot | null, orgId: string) => void;
type MemberListener = (member: { orgId: string; userId: string }) => void;

const LOOK_EVERY_MS = 250;
const STALE_AFTER_MS = 1000;
const COLLECT_EVERY_MS = 10 * 60_000;

/** Remembers each org that is called, and reads it again when the table of changes says so. */
export async function openSnapshots({
  db,
  publicUrl,
  onError,
}: {
  db: Database;
  publicUrl: URL;
  onError: (error: unknown) => void;
}): Promise<OrgSnapshots> {
  const orgs = new Map<string, OrgSnapshot | null>();
  const loading = new Map<string, Promise<OrgSnapshot | null>>();
  const listeners: OrgListener[] = [];
  const memberListeners: MemberListener[] = [];
  let cursor: ChangeCursor = null;
  let freshAt = 0;
  let looking: Promise<void> | null = null;

  async function look(): Promise<void> {
    const startedAt = performance.now();
    const changes = await listChanges(db, cursor);
    const known = changes.orgIds.filter((orgId) => orgs.has(orgId) || loading.has(orgId));
    for (const listener of memberListeners) changes.members.forEach(listener);
    await Promise.all(known.map(reload));
    cursor = changes.cursor;
    freshAt = startedAt;
  }

  function lookOnce(): Promise<void> {
    looking ??= look().finally(() => {
      looking = null;
    });
    return looking;
  }

  async function reload(orgId: string): Promise<void> {
    await loading.get(orgId)?.catch(() => {});
    keep(orgId, await readOrg(db, publicUrl, orgId));
  }

  function keep(orgId: string, org: OrgSnapshot | null): void {
    orgs.set(orgId, org);
    for (const listener of listeners) listener(org, orgId);
  }

  function load(orgId: string): Promise<OrgSnapshot | null> {
    let org = loading.get(orgId);
    if (!org) {
      org = readOrg(db, publicUrl, orgId).then((read) => {
        if (!orgs.has(orgId)) keep(orgId, read);
        return read;
      });
      loading.set(orgId, org);
      org.catch(() => {}).finally(() => loading.delete(orgId));
    }
    return org;
  }

  async function findAfterLook(orgId: string): Promise<OrgSnapshot | null> {
    try {
      if (performance.now() - freshAt > STALE_AFTER_MS) await lookOnce();
      return orgs.get(orgId) ?? (await load(orgId));
    } catch (error) {
      throw unavailableIfUnreachable(error);
    }
  }

  await lookOnce();
  const timer = setInterval(() => lookOnce().catch(onError), LOOK_EVERY_MS);
  const collection = setInterval(() => deleteOldChanges(db).catch(onError), COLLECT_EVERY_MS);
  timer.unref();
  collection.unref();

  return {
    find(orgId) {
      const known = orgs.get(orgId);
      if (known && performance.now() - freshAt <= STALE_AFTER_MS) return known;
      return findAfterLook(orgId);
    },
    onChange(listener) {
      listeners.push(listener);
    },
    onMemberChange(listener) {
      memberListeners.push(listener);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      clearInterval(collection);
      await looking?.catch(() => {});
    },
  };
}

function readOrg(db: Database, publicUrl: URL, orgId: string): Promise<OrgSnapshot | null> {
  return withOrg(db, orgId, async (scope) => {
    const org = await findOrg(scope);
    if (!org) return null;
    const allTools = await listTools(scope);
    const tools = Map.groupBy(allTools, ({ connectorId }) => connectorId);
    const rows = await listConnectors(scope);
    const credentials = Map.groupBy(await listOrgCredentials(scope), ({ connectorId }) => connectorId);
    const connectors = rows.map((row) => toSnapshot(row, tools.get(row.id) ?? [], credentials.get(row.id) ?? []));
    const audienceOf = ({ slug }: ConnectorSnapshot) =>
      canonicalEndpoint(publicUrl, { org: org.slug, connector: slug });
    const members = await listMembers(scope);
    return {
      ...{ id: org.id, slug: org.slug, name: org.name },
      suspended: (await findSuspension(scope)) !== null,
      keptArguments: (await findAuditSettings(scope)).arguments,
      members: new Map(members.map(({ userId, role }) => [userId, role])),
      teams: await listTeamsOfMembers(scope),
      facts: allTools.some(isPinnedToMember) || connectors.some(namesCaller) ? await listMemberFacts(scope) : new Map(),
      allowance: await readAllowance(scope),
      revokedGrants: new Set(await listRevokedGrants(scope)),
      staticTokens: staticTokens(org.id, await listLiveTokens(scope), connectors, audienceOf),
      connectors: new Map(connectors.map((connector) => [connector.id, connector])),
    };
  });
}

function toSnapshot(connector: Connector, tools: Tool[], credentials: Credential[]): ConnectorSnapshot {
  const { id, slug, name, era, transport, clientEras, egressException, openTo } = connector;
  const url = new URL(connector.url);
  const policies = tools.map(toPolicy);
  return {
    ...{ id, slug, name, era, transport, clientEras, egressException, openTo },
    origin: url.origin,
    path: url.pathname + url.search,
    access: parseAccess(connector.access),
    credentials: new Map(credentials.map((row) => [row.slot, row])),
    tools: new Map(policies.map((policy) => [policy.offeredName, policy])),
    upstreamTools: new Map(policies.map((policy) => [policy.name, policy])),
  };
}

const namesCaller = ({ access }: ConnectorSnapshot) => access.some(isOnBehalf);

const isPinnedToMember = ({ edits }: Tool) => edits !== null && JSON.stringify(edits).includes("{{");

/** Unclassified is a write; a tool whose header annotations break the rules is not offered. */
function toPolicy({ name, definition, classification, offered, openTo, binding, ...tool }: Tool): ToolPolicy {
  const mirrored = mirroredParameters(definition.inputSchema);
  const edits = tool.edits as ToolEdits | null;
  return {
    ...{ name, openTo, edits },
    offeredName: edits?.name ?? name,
    api: binding && { definition, binding: binding as Binding },
    access: classification === "read" ? "read" : "write",
    offered: offered && mirrored !== null,
    mirrored: mirrored ?? [],
    outputIsWrapped: needsWrap(definition.outputSchema as Record<string, unknown> | undefined),
  };
}
