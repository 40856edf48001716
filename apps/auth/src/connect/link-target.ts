import { type MemberWay, memberWayOf } from "@gatehouse/credentials/access";
import { asFetch } from "@gatehouse/egress/as-fetch";
import type { Egress } from "@gatehouse/egress/egress";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import type { Upstream } from "@gatehouse/oauth/client/upstream";
import { type Connector, findConnectorBySlug } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findOrgBySlug, type Org } from "@gatehouse/store/orgs";
import { findSuspension } from "@gatehouse/store/suspensions";
import { findMayUse } from "../may-use.ts";

/** What a member links an account for. */
export interface LinkTarget {
  org: Org;
  connector: Connector;
  way: MemberWay;
  userId: string;
}

/**
 * `null` alike where there is no such org or it is suspended, no such connector, none that accounts are linked for, and for whom
 * it is not open.
 */
export async function findLinkTarget(
  { db }: { db: Database },
  { org: orgSlug, connector: slug }: { org: string; connector: string },
  userId: string,
): Promise<LinkTarget | null> {
  const org = await findOrgBySlug(db, orgSlug);
  if (!org) return null;
  return withOrg(db, org.id, async (scope) => {
    if (await findSuspension(scope)) return null;
    const mayUse = await findMayUse(scope, userId);
    const connector = await findConnectorBySlug(scope, slug);
    if (!connector || !mayUse?.(connector.openTo)) return null;
    const way = memberWayOf(connector.access);
    return way ? { org, connector, way, userId } : null;
  });
}

/** How the authorization server of a connector's upstream is reached. */
export function upstreamOf({ egress }: { egress: Egress }, { url, egressException }: Connector): Upstream {
  const limits = { ...AUTHORIZATION, exception: egressException };
  return { fetch: asFetch(egress, limits), allowHttp: new URL(url).protocol === "http:" };
}
