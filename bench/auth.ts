import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashPassword } from "@gatehouse/auth/password";
import { openHouse } from "@gatehouse/gatehouse/house";
import { listen, portOf } from "@gatehouse/gatehouse/listen";
import { startPostgres } from "@gatehouse/gatehouse/postgres";
import { databaseAccess, openHouseVault } from "@gatehouse/gatehouse/secrets";
import { insertConnector, newConnectorId } from "@gatehouse/store/connectors";
import { openDatabaseAsOwner, withOrg } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { insertMembership, insertOrg } from "@gatehouse/store/orgs";
import { insertUser } from "@gatehouse/store/users";
import { createLogger } from "@gatehouse/telemetry/log";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";
import { reportTo } from "./child.ts";

// The authorization server as `gatehouse up` serves it, on a Postgres of its own that waits for the disk, with one member
// who may use one endpoint.

const PERSON = { email: "alice@acme.example", password: "a horse that is correct" };

const directory = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
const postgres = await startPostgres({ directory: join(directory, "postgres") });
const url = new URL(postgres.url);
url.pathname = "/bench";
await createDatabase(postgres.url, "bench");
const masterKey = Buffer.alloc(32, "bench");
const keys = { masterKeys: [localMasterKey(masterKey)] as MasterKeys, secret: secretOfMasterKey(masterKey) };
const access = databaseAccess(url.href, keys);
const vault = openHouseVault(keys, access);
await migrate(access, () => {});

const server = await listen({ host: "127.0.0.1", port: 0 });
const publicUrl = new URL(`http://127.0.0.1:${portOf(server)}`);
const log = createLogger();
const house = await openHouse({ server, publicUrl, access, vault, log, egressAllow: [], apps: ["auth"] });
await furnish();
reportTo(process, { endpoint: `${publicUrl.origin}/acme/tools/mcp`, person: PERSON });
process.on("disconnect", async () => {
  server.closeAllConnections();
  await house[Symbol.asyncDispose]();
  await vault[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
  process.exit(0);
});

async function furnish(): Promise<void> {
  await using owner = openDatabaseAsOwner(access.url);
  const org = await insertOrg(owner, { slug: "acme", name: "Acme" });
  const passwordHash = await hashPassword(PERSON.password);
  const user = await insertUser(owner, { email: PERSON.email, name: "Alice", passwordHash });
  const upstream = { url: "https://mcp.example.com/mcp", egressException: null, serverName: "bench" };
  const speaks = { era: "modern", protocolVersion: "2026-07-28" } as const;
  await withOrg(owner, org.id, async (scope) => {
    await insertMembership(scope, { userId: user.id, role: "member" });
    await insertConnector(scope, { id: newConnectorId(), slug: "tools", name: "Tools", ...upstream, ...speaks }, []);
  });
}
