import { hash } from "node:crypto";
import { insertAudit } from "@gatehouse/store/audit";
import { findConnectorBySlug } from "@gatehouse/store/connectors";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { deleteGrant } from "@gatehouse/store/grants";
import {
  deleteOidcRecord,
  deleteOidcRecordsOfGrant,
  findOidcRecord,
  type OidcRecordKey,
} from "@gatehouse/store/oidc-records";
import { findOrgBySlug } from "@gatehouse/store/orgs";
import { type Grant, type KoaContextWithOIDC, Provider } from "oidc-provider";
import { DASHBOARD_CLIENT_ID, parseResource } from "./resource.ts";

export interface RevokeDeps {
  db: Database;
  publicUrl: URL;
}

type StoredGrant = Pick<Grant, "accountId" | "clientId" | "resources">;

/** Ends a grant, its codes and its tokens, those that carry their own proof included; who holds one is told by a 401. */
export async function revokeGrant({ db, publicUrl }: RevokeDeps, grantId: string): Promise<void> {
  const key = { model: "Grant", idHash: hash("sha256", grantId, "buffer") };
  const grant = (await findOidcRecord(db, key))?.payload as StoredGrant | undefined;
  if (!grant) return;
  const [resource = ""] = Object.keys(grant.resources ?? {});
  const address = parseResource(publicUrl, resource);
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return deleteRecords(db, key);
  await withOrg(db, org.id, async (scope) => {
    await deleteGrant(scope, grantId);
    const connector = await findConnectorBySlug(scope, address.connector);
    await auditRevocation(scope, { grantId, grant, connectorId: connector?.id ?? null });
  });
}

/** Of a grant that opens no endpoint: of the dashboard's, which is in no org. */
async function deleteRecords(db: Database, key: OidcRecordKey): Promise<void> {
  await deleteOidcRecordsOfGrant(db, key.idHash);
  await deleteOidcRecord(db, key);
}

async function auditRevocation(
  org: OrgScope,
  { grantId, grant, connectorId }: { grantId: string; grant: StoredGrant; connectorId: string | null },
): Promise<void> {
  const reason = revocationReason(Provider.ctx);
  const row = {
    userId: grant.accountId ?? null,
    connectorId,
    entry: { client_id: grant.clientId, grant: grantId, reason },
  };
  if (reason === "refresh_reused") await insertAudit(org, { event: "refresh.reused", outcome: "refused", ...row });
  await insertAudit(org, { event: "grant.revoked", outcome: "ok", ...row });
}

/** Why, as far as the request tells that is being answered. */
function revocationReason(ctx: KoaContextWithOIDC | undefined): string {
  if (ctx?.oidc.route !== "token") return "revoked_by_client";
  return ctx.oidc.params?.grant_type === "refresh_token" ? "refresh_reused" : "code_reused";
}

/**
 * A grant is one member's consent to one client for one endpoint. The one that this browser's session remembers serves
 * again for the same endpoint only; whether it covers the scopes, and whether the client may do without asking, is seen
 * to by the interaction policy.
 */
export async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
  const { client, session, provider, params, result, account } = ctx.oidc;
  const clientId = client!.clientId;
  const consented = result?.consent?.grantId;
  if (consented) return provider.Grant.find(consented);
  const rememberedId = session!.grantIdFor(clientId);
  const remembered = rememberedId ? await provider.Grant.find(rememberedId) : undefined;
  if (clientId === DASHBOARD_CLIENT_ID) return remembered ?? grantSignIn(provider, account!.accountId);
  return remembered?.resources?.[params!.resource as string] ? remembered : undefined;
}

/** The dashboard is ours: nobody is asked whether it may know who they are. */
async function grantSignIn(provider: Provider, accountId: string): Promise<Grant> {
  const grant = new provider.Grant({ accountId, clientId: DASHBOARD_CLIENT_ID });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}
