import { hashPassword } from "@gatehouse/auth/password";
import type { Access } from "@gatehouse/credentials/access";
import { type HouseOptions, openHouse } from "@gatehouse/gatehouse/house";
import { listen, portOf } from "@gatehouse/gatehouse/listen";
import { insertConnector, type NewTool, newConnectorId } from "@gatehouse/store/connectors";
import { openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import type { Mail } from "@gatehouse/store/mails";
import { insertMembership, insertOrg, type Org } from "@gatehouse/store/orgs";
import type { Era, Role, ToolDefinition, Transport } from "@gatehouse/store/tables";
import { insertUser } from "@gatehouse/store/users";
import { createLogger } from "@gatehouse/telemetry/log";
import { inject } from "vitest";
import { cloneDatabase } from "./database.ts";
import { giveSecrets } from "./org-secrets.ts";

export interface Person {
  id: string;
  email: string;
  password: string;
}

export interface Endpoint {
  id: string;
  /** What a person gives to their client. */
  url: string;
  org: Org;
}

export interface NewTestConnector {
  slug: string;
  /** The upstream; reachable for this connector also where it is on this machine. */
  url: string;
  tools?: (ToolDefinition & Partial<Pick<NewTool, "classification" | "offered">>)[];
  /** In place of those: tools of an API. */
  operations?: NewTool[];
  era?: Era;
  transport?: Transport;
  protocolVersion?: string;
  /** The org's token for the upstream. */
  bearer?: string;
  /** In place of that: how the upstream is opened, and the org's secrets for it, by slot. */
  access?: Access;
  secrets?: Record<string, object>;
  egressException?: string | null;
}

export type TestHouseOptions = Partial<HouseOptions> & {
  /** Shares state in Redis, as replicas do. */
  redis?: boolean;
};

export type TestHouse = Awaited<ReturnType<typeof startHouse>>;

const passwordHashes = new Map<string, Promise<string>>();

/** The whole house on a free port and a database of its own. `log` holds its log's lines, `mails` what was sent. */
export async function startHouse({ redis = false, ...options }: TestHouseOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const own = stack.use(await cloneDatabase());
  const { access = own.access, vault = own.vault } = options;
  const ownerDb = stack.use(openDatabaseAsOwner(access.url));
  const server = await listen({ host: "127.0.0.1", port: 0 });
  const port = portOf(server);
  const { publicUrl = new URL(`http://localhost:${port}`) } = options;
  const log: string[] = [];
  const mails: Mail[] = [];
  const logger = createLogger({ level: "debug", destination: { write: (line) => void log.push(line) } });
  const showMail = (mail: Mail) => void mails.push(mail);
  const redisUrl = redis ? inject("services").redisUrl : undefined;
  const house = stack.use(
    await openHouse({ server, publicUrl, access, redisUrl, vault, egressAllow: [], log: logger, showMail, ...options }),
  );

  const addOrg = ({ slug, name = slug }: { slug: string; name?: string }): Promise<Org> =>
    insertOrg(ownerDb, { slug, name });

  async function addMember(
    org: { id: string },
    { email, password = "correct horse battery", name = email, role = "member" as Role }: NewMember,
  ): Promise<Person> {
    const user = await insertUser(ownerDb, { email, name, passwordHash: await hashOnce(password) });
    await withOrg(ownerDb, org.id, (scope) => insertMembership(scope, { userId: user.id, role }));
    return { id: user.id, email, password };
  }

  async function addConnector(org: Org, connector: NewTestConnector): Promise<Endpoint> {
    const { slug, url, tools = [], era = "modern", transport = "streamable-http", bearer } = connector;
    const id = newConnectorId();
    const { host } = new URL(url);
    const protocolVersion = connector.protocolVersion ?? (era === "modern" ? "2026-07-28" : "2025-11-25");
    const egressException = connector.egressException === undefined ? host : connector.egressException;
    const upstream = { url, era, transport, protocolVersion, serverName: slug, egressException };
    const access = connector.access ?? (bearer ? [{ kind: "bearer" as const }] : []);
    const secrets = connector.secrets ?? (bearer ? { bearer: { secret: bearer } } : {});
    const row = { id, slug, name: slug, access, ...upstream };
    const dataKey = await vault.dataKey(org.id);
    await withOrg(ownerDb, org.id, async (scope) => {
      await insertConnector(scope, row, connector.operations ?? tools.map(asTool));
      await giveSecrets(scope, dataKey, { connectorId: id, url, access, secrets });
    });
    return { id, org, url: `${publicUrl.origin}/${org.slug}/${slug}/mcp` };
  }

  const opened = stack.move();
  return {
    ...{ url: publicUrl.origin, publicUrl, port, house, access, vault, ownerDb, log, mails },
    ...{ addOrg, addMember, addConnector },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

interface NewMember {
  email: string;
  password?: string;
  name?: string;
  role?: Role;
}

/** Hashing is slow on purpose, and most members of a test have the same password. */
function hashOnce(password: string): Promise<string> {
  const hash = passwordHashes.get(password) ?? hashPassword(password);
  passwordHashes.set(password, hash);
  return hash;
}

function asTool({
  classification = null,
  offered = true,
  ...definition
}: NonNullable<NewTestConnector["tools"]>[number]): NewTool {
  return { name: definition.name, definition: definition as ToolDefinition, classification, offered };
}
