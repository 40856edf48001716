import { relative } from "node:path";
import { Fault } from "@gatehouse/faults";
import type { Mail } from "@gatehouse/store/mails";
import { migrate } from "@gatehouse/store/migrate";
import { createLogger } from "@gatehouse/telemetry/log";
import { startTelemetry } from "@gatehouse/telemetry/start";
import { type Config, isLoopback } from "./config.ts";
import { DEMO_PATH, openDemo } from "./demo/demo.ts";
import { type FirstOwner, prepareFirstOrg } from "./first-start.ts";
import { openHouse } from "./house.ts";
import { GRACE_MS, listen, openMetrics, portOf } from "./listen.ts";
import type { Progress } from "./progress.ts";
import { databaseAccess, openHouseVault, openKeys } from "./secrets.ts";
import { untilStopped } from "./signals.ts";
import { openStorage } from "./storage.ts";

/** Everything in one process, until it is told to stop. */
export async function up(config: Config, progress: Progress): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const stopped = untilStopped();
  const log = createLogger({ level: config.logLevel ?? "warn", destination: process.stderr });
  stack.use(await startTelemetry({ slowMs: config.traceSlowMs }));
  const metricsServer = config.metrics && stack.use(await openMetrics(config.metrics));
  const server = await listen(config);
  stack.defer(() => void server.close());
  const publicUrl = config.publicUrl ?? new URL(`http://localhost:${portOf(server)}`);
  const keys = await openKeys(config);

  const storage = stack.use(await progress.step("Starting Postgres", () => openStorage(config), placeOf(config)));
  const access = databaseAccess(storage.url, keys);
  const vault = stack.use(openHouseVault(keys, access));
  await progress.step(
    "Bringing the database up to date",
    () => migrate(access, (line) => log.info(line)),
    () => "The database is up to date",
  );
  const owner = await prepareFirstOrg(config, access);
  const demo = await progress.step(
    "Starting the demo server",
    async () => stack.use(await openDemo({ access, log })),
    (server) => (server ? `The demo server is at 127.0.0.1:${server.port}` : "There is no demo connector"),
  );
  await progress.step(
    "Opening the house",
    async () => {
      const showMail = isLoopback(publicUrl) ? (mail: Mail) => show(mail, progress) : undefined;
      return stack.use(
        await openHouse({
          ...config,
          server,
          publicUrl,
          access,
          vault,
          log,
          showMail,
          metricsServer,
          graceMs: GRACE_MS,
        }),
      );
    },
    () => `Gatehouse is at ${publicUrl.origin}`,
  );
  for (const line of directions(publicUrl, demo !== null, owner, config)) progress.line(line);

  const isLost = await Promise.race([stopped, storage.lost.then(() => true)]);
  progress.line("\nEnding …");
  await stack.disposeAsync();
  if (isLost)
    throw new Fault("unavailable", "The embedded Postgres has ended; its log in the data directory says why.");
}

/** On a developer's own machine the terminal is the mailbox. */
function show({ to, subject, text }: Mail, progress: Progress): void {
  for (const line of ["", `Mail to ${to}: ${subject}`, ...text.trimEnd().split("\n")])
    progress.line(`  │ ${line}`.trimEnd());
}

function placeOf({ databaseUrl, dataDirectory }: Config): () => string {
  if (databaseUrl) return () => `Postgres is at ${new URL(databaseUrl).host}`;
  return () => `Postgres runs in ${shown(dataDirectory)}`;
}

function* directions(publicUrl: URL, demo: boolean, owner: FirstOwner | null, config: Config): Iterable<string> {
  const mcp = `${publicUrl.origin}${DEMO_PATH}`;
  yield "";
  yield `  Dashboard    ${publicUrl.origin}/dashboard`;
  if (owner) {
    yield `  Email        ${owner.email}`;
    yield `  Password     ${owner.password ?? "as given in GATEHOUSE_OWNER_PASSWORD"}`;
  }
  if (demo) {
    yield `  MCP address  ${mcp}`;
    yield "";
    yield "  Connect Claude Code to it:";
    yield `  claude mcp add --transport http everything ${mcp}`;
  }
  if (owner?.password) {
    yield "";
    yield `  The password is shown this once; it is kept in ${shown(config.dataDirectory)}/owner-password`;
  }
  yield "";
  yield "  Ctrl-C ends it.";
}

/** From here, where that is shorter to read. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere || ".";
}
