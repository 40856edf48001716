import { hash } from "node:crypto";
import { insertAudit, NO_ORG } from "@gatehouse/store/audit";
import { findConnectorBySlug } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findOidcRecord } from "@gatehouse/store/oidc-records";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import { findOwnClient } from "@gatehouse/store/own-clients";
import type { Logger } from "@gatehouse/telemetry/log";
import type { errors, KoaContextWithOIDC } from "oidc-provider";
import { isOwnClientId } from "./client-identity.ts";
import { parseResource } from "./resource.ts";
import type { Tally } from "./tally.ts";

interface TokenRefusalDeps {
  db: Database;
  publicUrl: URL;
  tally: Tally;
  log: Logger;
}

/** Whose code or refresh token it was that opened nothing, or which org's own client. */
interface Refused {
  orgId: string;
  userId: string | null;
  connectorId: string | null;
  entry: { client?: string; grant?: string };
}

/** For `grant.error`: in the audit of the org that it concerns, or, where that is nobody's to know, among the strangers. */
export function noteTokenRefusals(deps: TokenRefusalDeps) {
  return function noteTokenRefusal(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError): void {
    note(deps, ctx, error).catch((err) => deps.log.error({ err }, "a refused token was not recorded"));
  };
}

async function note(
  deps: TokenRefusalDeps,
  { oidc }: KoaContextWithOIDC,
  { error: outcome, error_description: description }: errors.OIDCProviderError,
): Promise<void> {
  const params = (oidc.params ?? {}) as Partial<Record<string, string>>;
  const clientId = oidc.client?.clientId ?? params.client_id;
  const refused = (await findHolder(deps, params)) ?? (await findOwner(deps, clientId));
  const { orgId, entry, ...row } = refused ?? { orgId: NO_ORG, entry: {} };
  const event = refused ? ("token.refused" as const) : ("strangers.refused" as const);
  deps.tally.note([orgId, entry.grant ?? entry.client, outcome].join(" "), (count) =>
    withOrg(deps.db, orgId, (scope) =>
      insertAudit(scope, {
        ...{ event, outcome, ...row },
        entry: refused ? { ...entry, grant_type: params.grant_type, error: description, count } : { count },
      }),
    ),
  );
}

async function findHolder(
  { db, publicUrl }: TokenRefusalDeps,
  { code, refresh_token: refreshToken }: Partial<Record<string, string>>,
): Promise<Refused | null> {
  const [model, id] = code ? ["AuthorizationCode", code] : ["RefreshToken", refreshToken];
  const record =
    typeof id === "string" ? await findOidcRecord(db, { model: model!, idHash: hash("sha256", id, "buffer") }) : null;
  if (!record) return null;
  const { resource, accountId, clientId, grantId } = record.payload as Partial<Record<string, string>>;
  const address = resource && parseResource(publicUrl, resource);
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return null;
  const connector = await withOrg(db, org.id, (scope) => findConnectorBySlug(scope, address.connector));
  const entry = { client: clientId!, grant: grantId! };
  return { orgId: org.id, userId: accountId!, connectorId: connector?.id ?? null, entry };
}

async function findOwner({ db }: TokenRefusalDeps, clientId: string | undefined): Promise<Refused | null> {
  const own = clientId && isOwnClientId(clientId) ? await findOwnClient(db, clientId) : null;
  return own && { orgId: own.orgId, userId: null, connectorId: null, entry: { client: own.id } };
}
