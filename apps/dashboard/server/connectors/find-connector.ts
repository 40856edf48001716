import { Fault } from "@gatehouse/faults";
import { type Connector, findConnectorBySlug } from "@gatehouse/store/connectors";
import type { OrgScope } from "@gatehouse/store/database";
import { SLUG } from "@gatehouse/store/orgs";
import type { Context } from "hono";
import { type InOrg, may } from "../api/membership.ts";
import { findMayUse } from "./may-use.ts";

/** The one at this address, whomever it is open to. */
export async function findConnector(scope: OrgScope, slug: string): Promise<Connector> {
  const connector = SLUG.test(slug) ? await findConnectorBySlug(scope, slug) : null;
  return connector ?? noSuchConnector();
}

/** For whom it is not open, it is not there, but for those who may change it. */
export async function findConnectorFor(scope: OrgScope, c: Context<InOrg>, slug: string): Promise<Connector> {
  const connector = await findConnector(scope, slug);
  const { role } = c.var.membership;
  if (may(role, "change connectors")) return connector;
  const mayUse = await findMayUse(scope, { userId: c.var.session.user.id, role });
  return mayUse(connector.openTo) ? connector : noSuchConnector();
}

export function noSuchConnector(): never {
  throw new Fault("not_found", "There is no such connector");
}
