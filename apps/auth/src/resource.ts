import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import { canonicalEndpoint, type EndpointAddress, parseEndpointPath, SCOPES } from "@gatehouse/oauth/endpoint";
import { findConnectorBySlug } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findOrgBySlug, type Org } from "@gatehouse/store/orgs";
import { findSuspension } from "@gatehouse/store/suspensions";
import { errors, type KoaContextWithOIDC, type ResourceServer } from "oidc-provider";
import { SIGNING_ALGORITHM } from "./keys.ts";
import { type Lifetimes, settledLifetimes, settleLifetimes } from "./lifetimes.ts";
import { findMayUse, type MayUse } from "./may-use.ts";

/** An MCP endpoint that somebody may use. */
export interface Endpoint {
  org: Org;
  connector: {
    id: string;
    name: string;
    /** What the server behind it calls itself. */
    server: string;
  };
  /** Of what there is at the endpoint, whether this person may use it. */
  mayUse: MayUse;
}

/**
 * `null` for what is no MCP endpoint of ours, whether or not there is something at it. A trailing slash, a capital in
 * scheme or host and the default port make no difference (RFC 3986 §6.2).
 */
export function parseResource(publicUrl: URL, resource: string): EndpointAddress | null {
  const url = URL.parse(resource);
  if (url?.origin !== publicUrl.origin || url.username || url.password || /[?#]/.test(url.href)) return null;
  return parseEndpointPath(url.pathname);
}

/**
 * `null` alike where there is no such org or connector, where this person is not a member or the connector is not open to
 * them, and where the org is suspended.
 */
export async function findEndpoint(
  { db, publicUrl }: { db: Database; publicUrl: URL },
  resource: string,
  userId: string,
): Promise<Endpoint | null> {
  const address = parseResource(publicUrl, resource);
  const org = address && (await findOrgBySlug(db, address.org));
  if (!org) return null;
  return withOrg(db, org.id, async (scope) => {
    const mayUse = await findMayUse(scope, userId);
    if (!mayUse || (await findSuspension(scope))) return null;
    const connector = await findConnectorBySlug(scope, address.connector);
    if (!connector || !mayUse(connector.openTo)) return null;
    return { org, connector: { id: connector.id, name: connector.name, server: connector.serverName }, mayUse };
  });
}

/** RFC 8707. Tells nobody whether there is something at the address: that is looked at after sign-in. */
export function resourceIndicators(deps: { db: Database; publicUrl: URL; lifetimes: Lifetimes }) {
  const { db, publicUrl, lifetimes } = deps;

  async function accessTokenTtl(ctx: KoaContextWithOIDC, address: EndpointAddress): Promise<number> {
    const known = settledLifetimes(ctx);
    const org = !known && ctx.oidc.route === "token" && (await findOrgBySlug(db, address.org));
    const settled = org ? await withOrg(db, org.id, (scope) => settleLifetimes(scope, ctx, lifetimes)) : known;
    return (settled ?? lifetimes).accessToken;
  }

  return {
    enabled: true,
    useGrantedResource: () => true,
    async defaultResource(_ctx: KoaContextWithOIDC, client: { clientId: string }, oneOf?: readonly string[]) {
      if (oneOf || client.clientId === DASHBOARD_CLIENT_ID) return oneOf;
      throw new errors.InvalidTarget("resource is missing: name the MCP endpoint that the token is for");
    },
    async getResourceServerInfo(ctx: KoaContextWithOIDC, resource: string): Promise<ResourceServer> {
      const address = parseResource(publicUrl, resource);
      if (!address) throw new errors.InvalidTarget("resource is not the URL of an MCP endpoint of this server");
      if (ctx.oidc.route === "authorization") prepareRequest(ctx);
      return {
        scope: SCOPES.join(" "),
        audience: canonicalEndpoint(publicUrl, address),
        accessTokenFormat: "jwt",
        accessTokenTTL: await accessTokenTtl(ctx, address),
        jwt: { sign: { alg: SIGNING_ALGORITHM } },
      };
    },
  };
}

/**
 * A token opens one endpoint. A client that names none of our scopes asks for all (RFC 6749 §3.3), and one that wants to
 * change things has to see them.
 */
function prepareRequest(ctx: KoaContextWithOIDC): void {
  const params = ctx.oidc.params!;
  if (Array.isArray(params.resource)) throw new errors.InvalidTarget("a token is for one MCP endpoint only");
  const asked = ((params.scope as string | undefined) ?? "").split(" ").filter(Boolean);
  const missing = SCOPES.some((scope) => asked.includes(scope)) ? ["mcp:read"] : SCOPES;
  params.scope = [...new Set([...asked, ...missing])].join(" ");
}
