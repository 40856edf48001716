import { insertConnector, type NewTool, newConnectorId } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { insertMembership, insertOrg } from "@gatehouse/store/orgs";
import { DEFAULT_PLAN, savePlan, updatePlan } from "@gatehouse/store/plans";
import { insertFirstSigningKey } from "@gatehouse/store/signing-keys";
import type { Era } from "@gatehouse/store/tables";
import { insertUser } from "@gatehouse/store/users";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";

export interface Furnished {
  /** The MCP endpoint of the connector. */
  endpoint: string;
  /** As the authorization server issues it. */
  token: string;
}

export interface Furniture {
  publicUrl: URL;
  /** By the connectors' slugs. */
  upstreams: Record<string, URL>;
  era: Era;
  /** The org's slug. */
  slug?: string;
  plan?: string;
  /** Where the database has one already. */
  signingKey?: CryptoKey;
}

/** A plan without limits. */
export const ENDLESS = "endless";

/** One org, one member, a connector for each upstream, and a token for each. */
export async function furnish(
  owner: Database,
  { publicUrl, upstreams, era, slug = "acme", plan, signingKey }: Furniture,
): Promise<Record<string, Furnished>> {
  const user = await insertUser(owner, { email: `alice@${slug}.example`, name: "Alice", passwordHash: "not used" });
  const { orgId, connectorIds } = await insertTenant(owner, { slug, upstreams, era, member: user.id });
  if (plan) await withOrg(owner, orgId, (scope) => updatePlan(scope, plan));
  const privateKey = signingKey ?? (await newSigningKey(owner));

  async function furnished([connector, id]: [string, string]): Promise<[string, Furnished]> {
    const endpoint = `${publicUrl.origin}/${slug}/${connector}/mcp`;
    const claims = { client_id: "bench", scope: "mcp:read mcp:write", org: orgId, endpoint: id, grant: "bench" };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" });
    jwt.setIssuer(publicUrl.origin).setSubject(user.id).setAudience(endpoint).setJti(`bench ${connector}`);
    return [connector, { endpoint, token: await jwt.setIssuedAt().setExpirationTime("2h").sign(privateKey) }];
  }

  return Object.fromEntries(await Promise.all(Object.entries(connectorIds).map(furnished)));
}

export interface Tenant extends Pick<Furniture, "upstreams" | "era"> {
  slug: string;
  /** A user's id. */
  member: string;
}

/** One org with one member, and a connector for each upstream. */
export async function insertTenant(owner: Database, { slug, upstreams, era, member }: Tenant) {
  const org = await insertOrg(owner, { slug, name: slug });
  await withOrg(owner, org.id, (scope) => insertMembership(scope, { userId: member, role: "member" }));
  const connectorIds: Record<string, string> = {};
  for (const [connector, upstream] of Object.entries(upstreams)) {
    const id = newConnectorId();
    const where = { url: `${upstream.origin}/mcp`, egressException: upstream.host };
    const protocolVersion = era === "modern" ? "2026-07-28" : "2025-11-25";
    const what = { slug: connector, name: connector, era, protocolVersion, serverName: "bench" };
    await withOrg(owner, org.id, (scope) =>
      insertConnector(scope, { id, ...where, ...what }, [tool("look", "read"), tool("change", "write")]),
    );
    connectorIds[connector] = id;
  }
  return { orgId: org.id, connectorIds };
}

/** Where something else is measured. */
export function putLimitsOutOfReach(owner: Database, plan = DEFAULT_PLAN): Promise<unknown> {
  const outOfReach = { callsPerSecond: 1e9, callsPerMinute: 1e9, concurrentCalls: 1e6 };
  return savePlan(owner, { name: plan, limits: { org: outOfReach, member: outOfReach } });
}

export async function newSigningKey(owner: Database): Promise<CryptoKey> {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "bench", alg: "ES256" };
  await insertFirstSigningKey(owner, { kid: "bench", publicJwk, privateJwk: Buffer.from("not used") });
  return privateKey;
}

function tool(name: string, classification: "read" | "write"): NewTool {
  return { name, definition: { name, inputSchema: { type: "object" } }, classification, offered: true };
}
