import { insertConnector, type NewTool, newConnectorId } from "@gatehouse/store/connectors";
import { type Database, withOrg } from "@gatehouse/store/database";
import { insertMembership, insertOrg } from "@gatehouse/store/orgs";
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
  /** Where the database has one already. */
  signingKey?: CryptoKey;
}

/** One org, one member, a connector for each upstream, and a token for each. */
export async function furnish(
  owner: Database,
  { publicUrl, upstreams, era, slug: orgSlug = "acme", signingKey }: Furniture,
): Promise<Record<string, Furnished>> {
  const org = await insertOrg(owner, { slug: orgSlug, name: orgSlug });
  const user = await insertUser(owner, { email: `alice@${orgSlug}.example`, name: "Alice", passwordHash: "not used" });
  await withOrg(owner, org.id, (scope) => insertMembership(scope, { userId: user.id, role: "member" }));
  const privateKey = signingKey ?? (await newSigningKey(owner));

  async function connect(slug: string, upstream: URL): Promise<[string, Furnished]> {
    const id = newConnectorId();
    const where = { url: `${upstream.origin}/mcp`, egressException: upstream.host };
    const protocolVersion = era === "modern" ? "2026-07-28" : "2025-11-25";
    const what = { slug, name: slug, era, protocolVersion, serverName: "bench" };
    await withOrg(owner, org.id, (scope) =>
      insertConnector(scope, { id, ...where, ...what }, [tool("look", "read"), tool("change", "write")]),
    );
    const endpoint = `${publicUrl.origin}/${orgSlug}/${slug}/mcp`;
    const claims = { client_id: "bench", scope: "mcp:read mcp:write", org: org.id, endpoint: id, grant: "bench" };
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" });
    jwt.setIssuer(publicUrl.origin).setSubject(user.id).setAudience(endpoint).setJti(`bench ${slug}`);
    return [slug, { endpoint, token: await jwt.setIssuedAt().setExpirationTime("2h").sign(privateKey) }];
  }

  return Object.fromEntries(await Promise.all(Object.entries(upstreams).map(([slug, url]) => connect(slug, url))));
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
