import { hash } from "node:crypto";
import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import { insertAudit } from "@gatehouse/store/audit";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { deleteGrant } from "@gatehouse/store/grants";
import { insertMail } from "@gatehouse/store/mails";
import {
  deleteOidcRecord,
  deleteOidcRecordsOfGrant,
  findOidcRecord,
  type OidcRecordKey,
} from "@gatehouse/store/oidc-records";
import { findOrgBySlug, type Org } from "@gatehouse/store/orgs";
import { findUser } from "@gatehouse/store/users";
import type { Vault } from "@gatehouse/vault/vault";
import { type Grant, type KoaContextWithOIDC, Provider } from "oidc-provider";
import { findConsentRequest } from "./consent-request.ts";
import { parseResource } from "./resource.ts";

export interface RevokeDeps {
  db: Database;
  vault: Vault;
  publicUrl: URL;
}

type StoredGrant = Pick<Grant, "resources">;

/** Ends a grant, its codes and its tokens, those that carry their own proof included; who holds one is told by a 401. */
export async function revokeGrant(
  deps: RevokeDeps,
  grantId: string,
  reason = revocationReason(Provider.ctx),
): Promise<void> {
  const { db, publicUrl } = deps;
  const key = { model: "Grant", idHash: hash("sha256", grantId, "buffer") };
  const stored = (await findOidcRecord(db, key))?.payload as StoredGrant | undefined;
  if (!stored) return;
  const [resource = ""] = Object.keys(stored.resources ?? {});
  const address = parseResource(publicUrl, resource);
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return deleteRecords(db, key);
  await withOrg(db, org.id, async (scope) => {
    const grant = await deleteGrant(scope, grantId);
    if (!grant) return;
    await auditRevocation(scope, { grantId, grant, reason });
    if (reason === "refresh_reused") await tellMember(deps, scope, { grant, org, resource });
  });
}

/** Of a grant that opens no endpoint: of the dashboard's, which is in no org. */
async function deleteRecords(db: Database, key: OidcRecordKey): Promise<void> {
  await deleteOidcRecordsOfGrant(db, key.idHash);
  await deleteOidcRecord(db, key);
}

type EndedGrant = NonNullable<Awaited<ReturnType<typeof deleteGrant>>>;

async function auditRevocation(
  org: OrgScope,
  { grantId, grant, reason }: { grantId: string; grant: EndedGrant; reason: string },
): Promise<void> {
  const { userId, connectorId, clientId, clientName } = grant;
  const entry = { client: clientId, client_name: clientName, grant: grantId, reason };
  const row = { userId, connectorId, entry };
  if (reason === "refresh_reused") await insertAudit(org, { event: "refresh.reused", outcome: "refused", ...row });
  await insertAudit(org, { event: "grant.revoked", outcome: "ok", ...row });
}

/** Somebody has used what was used up: either the app did, or whoever has copied it. */
async function tellMember(
  { db, vault, publicUrl }: RevokeDeps,
  scope: OrgScope,
  { grant, org, resource }: { grant: EndedGrant; org: Org; resource: string },
): Promise<void> {
  const user = await findUser(db, grant.userId);
  if (!user) return;
  await insertMail(scope.db, vault, {
    to: user.email,
    subject: `${grant.clientName} was disconnected from ${org.name}`,
    text: [
      `The app “${grant.clientName}” was connected to ${resource} in your name. It has just used a key a second time that works only once.`,
      "That happens when an app is restored from a backup, and when somebody has copied the key. To be safe, the connection has been ended, and everything that held a copy of it with it.",
      "If you still use the app, connect it again from the app itself. If you don't know it, or it happens again, tell your administrator.",
      `What is connected in your name: ${new URL("/dashboard", publicUrl)}`,
    ].join("\n\n"),
  });
}

/** Why, as far as the request tells that is being answered. */
function revocationReason(ctx: KoaContextWithOIDC | undefined): string {
  if (ctx?.oidc.route !== "token") return "revoked_by_client";
  return ctx.oidc.params?.grant_type === "refresh_token" ? "refresh_reused" : "code_reused";
}

/**
 * What the member has agreed to before, in whatever browser, where it covers what is asked for and nothing has changed.
 * Whoever answers at a native client's redirect URI may be any program, so its member is asked each time (RFC 8252 §8.6).
 */
export function loadExistingGrant(deps: { db: Database; publicUrl: URL }) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { client, session, provider, result, account } = ctx.oidc;
    const consented = result?.consent?.grantId;
    if (consented) return provider.Grant.find(consented);
    if (client!.clientId === DASHBOARD_CLIENT_ID) {
      const grantId = session!.grantIdFor(DASHBOARD_CLIENT_ID);
      const grant = grantId ? await provider.Grant.find(grantId) : undefined;
      return grant ?? grantSignIn(provider, account!.accountId);
    }
    if (client!.applicationType === "native") return undefined;
    const grantId = await findAgreedGrant(deps, ctx);
    return grantId === undefined ? undefined : provider.Grant.find(grantId);
  };
}

async function findAgreedGrant(
  deps: { db: Database; publicUrl: URL },
  { oidc: { client, params, account } }: KoaContextWithOIDC,
): Promise<string | undefined> {
  const { scope, resource, redirect_uri: redirectUri } = params as Record<string, string>;
  if (!resource || !redirectUri) return undefined;
  const userId = account!.accountId;
  const request = await findConsentRequest(deps, {
    client: client!,
    userId,
    scope: scope ?? "",
    resource,
    redirectUri,
  });
  const covers = ({ scopes }: { scopes: string[] }) => request!.scopes.every((asked) => scopes.includes(asked));
  return request?.agreements.find(covers)?.id;
}

/** The dashboard is ours: nobody is asked whether it may know who they are. */
async function grantSignIn(provider: Provider, accountId: string): Promise<Grant> {
  const grant = new provider.Grant({ accountId, clientId: DASHBOARD_CLIENT_ID });
  grant.addOIDCScope("openid email profile");
  await grant.save();
  return grant;
}
