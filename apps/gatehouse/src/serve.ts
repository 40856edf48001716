import { Fault } from "@gatehouse/faults";
import { createLogger } from "@gatehouse/telemetry/log";
import { startTelemetry } from "@gatehouse/telemetry/start";
import type { Config } from "./config.ts";
import { openHouse } from "./house.ts";
import { GRACE_MS, listen, openMetrics, portOf } from "./listen.ts";
import type { AppName } from "./router.ts";
import { databaseAccess, openHouseVault, openKeys } from "./secrets.ts";
import { untilStopped } from "./signals.ts";
import { checkRole } from "./storage.ts";

/** One app, until it is told to stop. It needs no more of the database than its own role. */
export async function serve(app: AppName, config: Config): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stopped = untilStopped();
  const { databaseUrl } = config;
  if (!databaseUrl) throw new Fault("invalid_fields", "DATABASE_URL must be given to serve one app.");
  const log = createLogger({ level: config.logLevel ?? "info", destination: process.stderr });
  stack.use(await startTelemetry({ slowMs: config.traceSlowMs }));
  const metricsServer = config.metrics && stack.use(await openMetrics(config.metrics));
  const server = await listen(config);
  stack.defer(() => void server.close());
  const publicUrl = config.publicUrl ?? new URL(`http://localhost:${portOf(server)}`);
  const keys = await openKeys(config);
  const access = databaseAccess(databaseUrl, keys);
  const vault = stack.use(openHouseVault(keys, access));
  await checkRole(access, `gatehouse_${app}`);
  const replica = { ...config, server, publicUrl, access, vault, log, metricsServer };
  stack.use(await openHouse({ ...replica, apps: [app], graceMs: GRACE_MS }));
  log.info({ app, port: portOf(server), metrics_port: metricsServer?.port }, "serving");
  await stopped;
}
