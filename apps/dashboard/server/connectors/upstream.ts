import { Access, isMembers, parseAccess, slotOf, type Way } from "@gatehouse/credentials/access";
import { tokenEndpointOf } from "@gatehouse/credentials/sealed-credential";
import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, updateUpstream, updateVerdict, type Verdict } from "@gatehouse/store/connectors";
import { type Credential, listCredentialsOfConnector, unlinkCredential } from "@gatehouse/store/credentials";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import type { Org } from "@gatehouse/store/orgs";
import { findUser, type User } from "@gatehouse/store/users";
import { z } from "zod";
import type { Deps } from "../dashboard.ts";
import { askerOf, asserted } from "../probe/asker.ts";
import type { Upstream } from "../probe/conversation.ts";
import { ownAccount } from "../probe/own-account.ts";
import { type Probed, probeFor, UNSEEN } from "../probe/probe.ts";
import { changedMeanwhile, isAsItWas, ProbedAnswer, pinnedEra, storeChanges } from "../probe/probe-again.ts";
import { checkSignIn, sayWhoSignsIn } from "../probe/who-signs-in.ts";
import {
  keepSecrets,
  openedWith,
  openSecrets,
  orgWays,
  readSecrets,
  TypedSecrets,
  tryClients,
  usable,
} from "./org-credential.ts";
import { UpstreamUrl } from "./register.ts";

export const UpstreamFields = z.object({
  url: UpstreamUrl,
  access: Access,
  /** Those that are to change; the others stay as they are stored. */
  secrets: TypedSecrets.default({}),
  /** How many people lose their link to it: what the owner was told, and agrees to. */
  unlinks: z.int().min(0).default(0),
});

/** As after a look at it, and how many people have lost their links. */
export const ChangedAnswer = ProbedAnswer.omit({ isFirst: true }).extend({ unlinked: z.int() });

type Used = Pick<Deps, "db" | "egress" | "vault" | "publicUrl" | "operatorClients">;

/** Where a connector leads, and how it is opened: tried before it is stored. */
export async function changeUpstream(
  deps: Used,
  { org, user }: { org: Pick<Org, "id" | "slug">; user: User },
  connector: Connector,
  { url, access, secrets: typed, unlinks }: z.output<typeof UpstreamFields>,
) {
  const { db, egress, vault } = deps;
  const rows = await withOrg(db, org.id, (scope) => listCredentialsOfConnector(scope, connector.id));
  const lost = rows.filter((row) => isLost(row, url.origin, access));
  refuseUnlessTold(peopleOf(lost), unlinks);
  const exception = new URL(connector.url).host === url.host ? connector.egressException : null;
  const asker = askerOf(deps, { org, user });
  const place = { org: org.id, access, origin: url.origin, exception, asker };
  const dataKey = await vault.dataKey(org.id);
  const stored = openSecrets(dataKey, place, rows);
  const fresh = readSecrets(access, typed, new Set(stored.keys()));
  const tried = await tryClients(egress, place, new Map([...stored, ...fresh]));
  const isOwnLost = lost.some(({ userId }) => userId === user.id);
  const own = isOwnLost ? null : await ownAccount(deps, { orgId: org.id, userId: user.id, connector });
  const upstream = {
    egress,
    url,
    opened: openedWith([...tried, ...asserted(access, asker, url), ...(own ? [own] : [])]),
    exception,
  };
  const seen = isApi(connector) ? null : await look(upstream, access, connector);
  const { tools, leftOut, ...verdict } = seen ?? { ...verdictOf(connector, url), tools: null, leftOut: [] };
  return withOrg(db, org.id, async (scope) => {
    if (!(await isAsItWas(scope, connector))) throw changedMeanwhile();
    await updateUpstream(scope, connector.id, { url: url.href, access, egressException: exception });
    await updateVerdict(scope, connector.id, verdict);
    const changes = tools === null ? NO_CHANGES : await storeChanges(scope, connector, tools);
    for (const { id } of lost) await unlinkCredential(scope, id);
    const isNew = ({ way }: (typeof tried)[number]) => fresh.has(slotOf(way));
    await keepSecrets(
      scope,
      dataKey,
      { connectorId: connector.id, origin: url.origin, userId: user.id },
      tried.filter(isNew),
    );
    await insertAudit(scope, {
      ...{ event: "connector.changed", outcome: "ok", userId: user.id, connectorId: connector.id },
      entry: {
        before: { upstream: new URL(connector.url).origin, access: parseAccess(connector.access) },
        after: { upstream: url.origin, access, secrets: asChanged([...fresh.keys()]) },
        unlinked: peopleOf(lost),
      },
    });
    return { ...verdict, ...changes, leftOut, unlinked: peopleOf(lost) };
  });
}

const asChanged = (slots: string[]) => Object.fromEntries(slots.map((slot) => [slot, "changed"]));

/** What an API can do is said by its description, and not by the API. */
export const isApi = ({ transport }: Connector) => transport === "openapi";

/** Whatever is wrong with it, one can be shown why: `null` where only members' accounts open it. */
async function look(upstream: Upstream, access: Access, connector: Connector): Promise<Probed | null> {
  const seen = await probeFor(access, upstream, pinnedEra(connector)).catch((refused) =>
    sayWhoSignsIn(upstream, refused),
  );
  await checkSignIn(upstream, access);
  return seen;
}

/** What was seen stays so, but of another server nothing has been. */
function verdictOf({ url: before, era, transport, protocolVersion, serverName }: Connector, { host }: URL): Verdict {
  const isOther = new URL(before).host !== host && transport !== "openapi";
  return { era, transport, protocolVersion, serverName: isOther ? UNSEEN.serverName : serverName };
}
const NO_CHANGES = { added: [], changed: [], removed: [], unclassified: [] };

/** It was given for something that the connector no longer is. */
function isLost(
  { status, userId, slot, upstreamOrigin, tokenEndpoint }: Credential,
  origin: string,
  access: Access,
): boolean {
  if (status === "unlinked") return false;
  const way = access.find((way) => slotOf(way) === slot && isMembers(way) === (userId !== null));
  return !way || upstreamOrigin !== origin || !mayAsk(way, tokenEndpoint);
}

/** The token endpoint that a credential was given for is still the way's. */
function mayAsk(way: Way, tokenEndpoint: string | null): boolean {
  if (!isMembers(way)) return tokenEndpointOf(way) === tokenEndpoint;
  return way.kind !== "member-oauth" || !way.server || way.server.tokenEndpoint === tokenEndpoint;
}

const peopleOf = (rows: readonly Credential[]) => new Set(rows.flatMap(({ userId }) => userId ?? [])).size;

function refuseUnlessTold(people: number, told: number): void {
  if (people === told) return;
  const who = people === 1 ? "One person loses their link" : `${people} people lose their links`;
  throw new Fault("conflict", `${who} to this upstream with that change, and would have to link their account anew.`, {
    data: { unlinks: people },
  });
}

/** For those who may change it: how it is opened, and since when; never with what. */
export async function accessView(db: Database, scope: OrgScope, connector: Connector) {
  const rows = await listCredentialsOfConnector(scope, connector.id);
  const { origin } = new URL(connector.url);
  const access = parseAccess(connector.access);
  const own = new Map(orgWays(access).map((way) => [way as Way, usable(rows, way, origin)]));
  const ways = access.map(async (way) => ({
    ...way,
    slot: slotOf(way),
    credential: await credentialView(db, own.get(way)),
  }));
  return { access: await Promise.all(ways), linked: peopleOf(rows.filter(({ status }) => status === "live")) };
}

async function credentialView(db: Database, row: Credential | undefined) {
  if (!row) return null;
  const setBy = row.setBy === null ? null : await findUser(db, row.setBy);
  return { setAt: row.linkedAt.toISOString(), setBy: setBy?.email ?? null };
}
