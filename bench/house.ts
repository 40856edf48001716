import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEgress } from "@gatehouse/egress/egress";
import { listen, portOf } from "@gatehouse/gatehouse/listen";
import { startPostgres } from "@gatehouse/gatehouse/postgres";
import { route } from "@gatehouse/gatehouse/router";
import { databaseAccess, openHouseVault } from "@gatehouse/gatehouse/secrets";
import { startGateway } from "@gatehouse/gateway/gateway";
import { openState } from "@gatehouse/state/state";
import type { AuditWriter } from "@gatehouse/store/audit-writer";
import { newConnectorId } from "@gatehouse/store/connectors";
import { type Database, openDatabaseAsOwner } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { DEFAULT_PLAN, savePlan } from "@gatehouse/store/plans";
import type { Era } from "@gatehouse/store/tables";
import { createLogger } from "@gatehouse/telemetry/log";
import { startTelemetry } from "@gatehouse/telemetry/start";
import { localMasterKey, type MasterKeys } from "@gatehouse/vault/master-key";
import { secretOfMasterKey } from "@gatehouse/vault/vault";
import { reportTo } from "./child.ts";
import { ENDLESS, furnish, newSigningKey, putLimitsOutOfReach } from "./furnish.ts";

// The gateway as `gatehouse up` serves it, on a Postgres of its own that waits for the disk; unless told so, limits are out of
// reach. It says where it is, a token for it, and what a commit takes. Told so, its audit rows go nowhere. A second org may
// have an upstream of its own.

const upstream = new URL(process.argv[2]!);
const era = (process.argv[3] ?? "modern") as Era;
const sessionTtlSeconds = Number(process.argv[4] ?? 3600);
const loudUpstream = new URL(process.argv[6] ?? upstream);
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
const db = openDatabaseAsOwner(access.url);

const telemetry = await startTelemetry({ slowMs: 2000 });
const server = await listen({ host: "127.0.0.1", port: 0 });
const publicUrl = new URL(`http://127.0.0.1:${portOf(server)}`);
const egress = openEgress({ allow: [], ownOrigins: [publicUrl] });
const state = await openState({ redisUrl: process.env.REDIS_URL });
const log = createLogger();
const asUsual = { callsPerSecond: 1000, callsPerMinute: 60_000, concurrentCalls: 500 };
if (process.argv[5] === "limits") await savePlan(db, { name: DEFAULT_PLAN, limits: { org: asUsual } });
else await putLimitsOutOfReach(db);
await putLimitsOutOfReach(db, ENDLESS);
const nowhere: AuditWriter = { async append() {}, enqueue() {}, lagMs: () => 0, async [Symbol.asyncDispose]() {} };
const gateway = await startGateway({
  ...{ publicUrl, access, vault, egress, state, log },
  sessionTtlSeconds,
  ...(process.argv[5] === "unaudited" ? { audit: nowhere } : {}),
});
server.removeAllListeners("request");
server.on("request", route({ publicUrl, apps: { gateway }, isReady: async () => true, log }));

const furniture = { publicUrl, era, signingKey: await newSigningKey(db) };
const { endpoint, token } = (await furnish(db, { ...furniture, upstreams: { tools: upstream } })).tools!;
const loud = (await furnish(db, { ...furniture, upstreams: { tools: loudUpstream }, slug: "loud" })).tools!;
const endless = (await furnish(db, { ...furniture, upstreams: { tools: upstream }, slug: "endless", plan: ENDLESS }))
  .tools!;
reportTo(process, {
  ...{ url: endpoint, token, commitMs: await medianCommitMs(db) },
  loud: { url: loud.endpoint, token: loud.token },
  endless: { url: endless.endpoint, token: endless.token },
});
process.on("disconnect", async () => {
  server.closeAllConnections();
  await gateway[Symbol.asyncDispose]();
  await telemetry[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
  await postgres[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
  process.exit(0);
});

/** What one row alone costs to make durable, which no strict audit can be faster than. */
async function medianCommitMs(owner: Database): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 200; round++) {
    const startedAt = performance.now();
    await owner
      .insertInto("changes")
      .values({ org_id: newConnectorId() } as never)
      .execute();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[100]!;
}
