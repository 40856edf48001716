import { createServer } from "node:http";
import type { Access } from "@gatehouse/credentials/access";
import { openEgress } from "@gatehouse/egress/egress";
import { openState } from "@gatehouse/state/state";
import { insertConnector, type NewTool, newConnectorId } from "@gatehouse/store/connectors";
import { openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import { insertMembership, insertOrg } from "@gatehouse/store/orgs";
import { DEFAULT_PLAN, savePlan } from "@gatehouse/store/plans";
import { insertFirstSigningKey } from "@gatehouse/store/signing-keys";
import type { Era, PlanLimits, Transport } from "@gatehouse/store/tables";
import { insertUser } from "@gatehouse/store/users";
import { createLogger } from "@gatehouse/telemetry/log";
import { cloneDatabase } from "@gatehouse/testing/database";
import { giveSecrets } from "@gatehouse/testing/org-secrets";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type GatewayOptions, startGateway } from "../src/gateway.ts";
import { TOOLS, type Upstream } from "./upstream.ts";

// The gateway alone, on a database of its own. Tokens are signed with the key that the database holds, so that a test can
// also make those which the authorization server would never issue.

export interface Member {
  id: string;
  email: string;
}

interface NewConnectorOptions {
  era?: Era;
  transport?: Transport;
  tools?: NewTool[];
  /** The org's token for the upstream. */
  bearer?: string;
  /** In place of that: how the upstream is opened, and the org's secrets for it, by slot. */
  access?: Access;
  secrets?: Record<string, object>;
}

const CATALOGUE: NewTool[] = [
  { name: "look", definition: TOOLS[0]!, classification: "read", offered: true },
  { name: "change", definition: TOOLS[1]!, classification: null, offered: true },
  { name: "secret", definition: TOOLS[2]!, classification: "read", offered: false },
];

export type GatewayHouse = Awaited<ReturnType<typeof startGatewayHouse>>;

export interface TestGatewayOptions extends Partial<GatewayOptions> {
  /** Those of the plan that orgs have. */
  limits?: PlanLimits;
}

export async function startGatewayHouse({ limits, ...options }: TestGatewayOptions = {}) {
  const database = await cloneDatabase();
  const owner = openDatabaseAsOwner(database.access.url);
  if (limits) await savePlan(owner, { name: DEFAULT_PLAN, limits });
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: "test", alg: "ES256", use: "sig" };
  await insertFirstSigningKey(owner, { kid: "test", publicJwk, privateJwk: Buffer.from("not used") });

  const server = createServer((request, response) => gateway.handle(request, response));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const publicUrl = new URL(`http://localhost:${(server.address() as { port: number }).port}`);
  const egress = openEgress({ allow: [], ownOrigins: [publicUrl] });
  const state = await openState();
  const logged: string[] = [];
  const log = createLogger({ level: "debug", destination: { write: (line: string) => void logged.push(line) } });
  const gateway = await startGateway({
    ...{ publicUrl, egress, state, log, access: database.access, vault: database.vault },
    ...options,
  });

  async function addOrg(slug: string) {
    return insertOrg(owner, { slug, name: slug });
  }

  async function addMember(org: { id: string }, email: string): Promise<Member> {
    const user = await insertUser(owner, { email, name: email, passwordHash: "not used" });
    await withOrg(owner, org.id, (scope) => insertMembership(scope, { userId: user.id, role: "member" }));
    return user;
  }

  async function addConnector(
    org: { id: string; slug: string },
    slug: string,
    upstream: Pick<Upstream, "url" | "host">,
    {
      era = "modern",
      transport = "streamable-http",
      tools = CATALOGUE,
      bearer,
      access,
      secrets,
    }: NewConnectorOptions = {},
  ) {
    const id = newConnectorId();
    const ways: Access = access ?? (bearer ? [{ kind: "bearer" }] : []);
    const given = secrets ?? (bearer ? { bearer: { secret: bearer } } : {});
    const connector = { id, slug, name: slug, url: upstream.url, era, access: ways, egressException: upstream.host };
    const dataKey = await database.vault.dataKey(org.id);
    await withOrg(owner, org.id, async (scope) => {
      const row = { ...connector, transport, protocolVersion: "2026-07-28", serverName: "test" };
      await insertConnector(scope, row, tools);
      await giveSecrets(scope, dataKey, { connectorId: id, url: upstream.url, access: ways, secrets: given });
    });
    return { id, slug, org, url: `${publicUrl.origin}/${org.slug}/${slug}/mcp` };
  }

  type Endpoint = Awaited<ReturnType<typeof addConnector>>;

  /** An access token as the authorization server issues it, but for what `claims` and `header` change. */
  async function tokenFor(
    member: Member,
    endpoint: Endpoint,
    { claims = {}, header = {}, key = privateKey }: { claims?: object; header?: object; key?: typeof privateKey } = {},
  ): Promise<string> {
    const own = {
      ...{ client_id: "test", scope: "mcp:read mcp:write", org: endpoint.org.id, endpoint: endpoint.id },
      ...{ grant: `grant of ${member.email}`, iss: publicUrl.origin, sub: member.id, aud: endpoint.url },
      ...{ jti: crypto.randomUUID(), exp: Math.floor(Date.now() / 1000) + 1800, ...claims },
    };
    return new SignJWT(own)
      .setIssuedAt()
      .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "test", ...header })
      .sign(key);
  }

  return {
    ...{ publicUrl, owner, server, gateway, log, logged, addOrg, addMember, addConnector, tokenFor },
    ...{ access: database.access, vault: database.vault, egress, publicJwk },
    async [Symbol.asyncDispose]() {
      gateway.closeStreams();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await gateway[Symbol.asyncDispose]();
      await egress[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
      await owner[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** One org, one member, one connector, as most tests need them. */
export async function startSmallHouse(
  upstream: Upstream,
  options: TestGatewayOptions & { era?: Era; transport?: Transport; bearer?: string } = {},
) {
  const { era = "modern", transport = "streamable-http", bearer, ...gatewayOptions } = options;
  const house = await startGatewayHouse(gatewayOptions);
  const org = await house.addOrg("acme");
  const alice = await house.addMember(org, "alice@acme.example");
  const endpoint = await house.addConnector(org, "tools", upstream, { era, transport, ...(bearer ? { bearer } : {}) });
  const token = await house.tokenFor(alice, endpoint);
  return { house, org, alice, endpoint, token, [Symbol.asyncDispose]: () => house[Symbol.asyncDispose]() };
}
