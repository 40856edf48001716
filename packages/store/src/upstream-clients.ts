import { sql } from "kysely";
import type { OrgScope } from "./database.ts";

/** What Gatehouse is to the authorization server of a connector's upstream. */
export interface UpstreamClient {
  connectorId: string;
  clientId: string;
  /** Given by an owner or the operator, or got from the server: by a metadata document, or dynamically. */
  registration: "given" | "document" | "dynamic" | "operator";
  authMethod: "none" | "client_secret_basic" | "client_secret_post";
  /** RFC 8414 metadata. */
  server: Record<string, unknown>;
  /** The upstream that it was found for. */
  upstreamOrigin: string;
  resource: string | null;
  scopes: string[];
  /** The secret, sealed; `null` for a public client. */
  sealed: Buffer | null;
  chosenAt: Date;
}

const COLUMNS = [
  "connector_id as connectorId",
  "client_id as clientId",
  "registration",
  "auth_method as authMethod",
  "server",
  "upstream_origin as upstreamOrigin",
  "resource",
  "scopes",
  "sealed",
  "chosen_at as chosenAt",
] as const;

/** The one that new links are made by. */
export async function findUpstreamClient(org: OrgScope, connectorId: string): Promise<UpstreamClient | null> {
  const row = await org.db
    .selectFrom("upstream_clients")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .orderBy("chosen_at", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? null;
}

/** The one that something was linked by. */
export async function findUpstreamClientById(
  org: OrgScope,
  { connectorId, clientId }: Pick<UpstreamClient, "connectorId" | "clientId">,
): Promise<UpstreamClient | null> {
  const row = await org.db
    .selectFrom("upstream_clients")
    .select(COLUMNS)
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  return row ?? null;
}

/** The one that new links are made by from now on. */
export async function putUpstreamClient(org: OrgScope, client: Omit<UpstreamClient, "chosenAt">): Promise<void> {
  const { connectorId, clientId, ...rest } = client;
  const row = {
    registration: rest.registration,
    auth_method: rest.authMethod,
    server: JSON.stringify(rest.server),
    upstream_origin: rest.upstreamOrigin,
    resource: rest.resource,
    scopes: rest.scopes,
    sealed: rest.sealed,
    chosen_at: sql<Date>`now()`,
  };
  await org.db
    .insertInto("upstream_clients")
    .values({ ...row, org_id: org.id, connector_id: connectorId, client_id: clientId })
    .onConflict((conflict) => conflict.columns(["connector_id", "client_id"]).doUpdateSet(row))
    .execute();
}

export async function deleteUpstreamClient(
  org: OrgScope,
  { connectorId, clientId }: Pick<UpstreamClient, "connectorId" | "clientId">,
): Promise<void> {
  await org.db
    .deleteFrom("upstream_clients")
    .where("org_id", "=", org.id)
    .where("connector_id", "=", connectorId)
    .where("client_id", "=", clientId)
    .execute();
}
