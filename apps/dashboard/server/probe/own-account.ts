import { type MemberWay, memberWayOf, slotOf } from "@gatehouse/credentials/access";
import { openCredential } from "@gatehouse/credentials/sealed-credential";
import { openRenewal } from "@gatehouse/renewal/renew";
import type { Connector } from "@gatehouse/store/connectors";
import { type Credential, listCredentialsOfMember } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import type { DashboardDeps } from "../dashboard.ts";

/** What somebody has linked, or typed in, to open an upstream as themselves; in clear, for one look at it. */
export interface OwnAccount {
  way: MemberWay;
  secret: object;
}

/** Whose account, and at which connector. */
export interface Whose {
  orgId: string;
  userId: string;
  connector: Connector;
}

type Used = Pick<DashboardDeps, "db" | "vault" | "egress" | "operatorClients">;

/** A token that ends sooner is renewed first. */
const RENEW_AHEAD_MS = 60_000;

/** For whoever it belongs to, and nobody else. `null` where there is none that opens the connector as it is now. */
export async function ownAccount(deps: Used, whose: Whose): Promise<OwnAccount | null> {
  const row = await withOrg(deps.db, whose.orgId, (scope) => findOwnLink(scope, whose));
  if (!isUsable(row, whose)) return null;
  const endsSoon = row.expiresAt !== null && row.expiresAt.getTime() - RENEW_AHEAD_MS < Date.now();
  return endsSoon ? renewed(deps, whose, row) : open(deps, whose, row);
}

/** After the upstream has refused it: another one, where there is one to be had. */
export async function anotherAccount(deps: Used, whose: Whose): Promise<OwnAccount | null> {
  const row = await withOrg(deps.db, whose.orgId, (scope) => findOwnLink(scope, whose));
  return row?.kind === "member-oauth" && isUsable(row, whose) ? renewed(deps, whose, row) : null;
}

/** The row of what somebody has linked to a connector; `null` where they never have, or have given it up. */
export async function findOwnLink(
  scope: OrgScope,
  { userId, connector }: Pick<Whose, "userId" | "connector">,
): Promise<Credential | null> {
  const rows = await listCredentialsOfMember(scope, userId);
  return rows.find(({ connectorId, status }) => connectorId === connector.id && status !== "unlinked") ?? null;
}

function isUsable(row: Credential | null, { connector }: Whose): row is Credential {
  const way = memberWayOf(connector.access);
  const isItsOwn = way !== null && row?.slot === slotOf(way) && row.upstreamOrigin === new URL(connector.url).origin;
  return isItsOwn && row.status === "live";
}

async function renewed(deps: Used, whose: Whose, row: Credential): Promise<OwnAccount | null> {
  const { id, slug, url, egressException } = whose.connector;
  const connector = { id, slug, origin: new URL(url).origin, egressException };
  const found = await openRenewal(deps)({ orgId: whose.orgId, connector }, row);
  return isUsable(found, whose) ? open(deps, whose, found) : null;
}

async function open({ vault }: Used, { orgId: org, connector }: Whose, row: Credential): Promise<OwnAccount> {
  const { id, version, sealed, tokenEndpoint } = row;
  const sentTo = { upstreamOrigin: new URL(connector.url).origin, tokenEndpoint };
  const secret = openCredential<object>(await vault.dataKey(org), { org, id, version }, sealed!, sentTo);
  return { way: memberWayOf(connector.access)!, secret };
}
