import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openDatabaseAsOwner } from "@gatehouse/store/database";
import { createDatabase } from "@gatehouse/store/databases";
import { migrate } from "@gatehouse/store/migrate";
import { startPrometheus } from "@gatehouse/testing/prometheus";
import { databaseUrl, freePort, masterKey, rolePassword, startServices } from "@gatehouse/testing/services";
import { openWay, type Weather } from "@gatehouse/testing/weather";
import { request } from "undici";
import { parse } from "yaml";
import { startChild } from "./child.ts";
import { type Furnished, furnish, putLimitsOutOfReach } from "./furnish.ts";
import { writePart } from "./reliability.ts";

// Two gateways as they are served, with a way of their own to Postgres, to Redis and to one of two upstreams, and a
// Prometheus that looks at them each second. What can go wrong on these ways and with the processes is made to, and made
// good again. The argument after the proof's name is a part of the names of those that are tried alone, and written nowhere.

const ROOT = join(import.meta.dirname, "..");
const MAIN = fileURLToPath(import.meta.resolve("@gatehouse/gatehouse/main"));
const RULES = ["house", "jobs", "upstreams", "slo", "requests", "authorization", "expiry"].map((name) =>
  join(ROOT, `infra/prometheus/rules/${name}.yml`),
);
/** Until the expression is true, and until all is as before. */
const PATIENCE_MS = 120_000;
/** What no answer may take longer than, whatever happens. */
const ANSWER_MS = 90_000;
const SCRAPED_EVERY_MS = 1000;
const ONLY = process.argv[3] ?? "";
const CALLS = 5;
const CALLERS = 8;

interface Fault {
  what: string;
  alert: string;
  /** Comes true as well, and lasts as long as its window does. */
  also?: readonly string[];
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
  /** What calls at the connector that it may concern answer meanwhile, and at the other one. */
  concerned: readonly string[];
  others: readonly string[];
}

interface Observed extends Pick<Fault, "what" | "alert" | "also"> {
  alertMs: number;
  concerned: string;
  others: string;
  backMs: number;
}

await using stack = new AsyncDisposableStack();
const services = stack.use(await startServices());
const upstream = stack.use(await startChild<{ url: string }>("upstream.ts"));
const database = new URL(databaseUrl(services.postgresUrl, "faults"));
await createDatabase(services.postgresUrl, "faults");
await migrate({ url: database.href, password: rolePassword }, () => {});

const postgres = stack.use(
  await openWay({ path: `${database.searchParams.get("host")}/.s.PGSQL.${database.port || 5432}` }),
);
const redis = stack.use(await openWay({ port: Number(new URL(services.redisUrl).port) }));
const toUpstream = stack.use(await openWay({ port: Number(new URL(upstream.ready.url).port) }));
const publicUrl = new URL("http://localhost:8080");
await using owner = openDatabaseAsOwner(database.href);
await putLimitsOutOfReach(owner);
const { concerned, other } = (await furnish(owner, {
  ...{ publicUrl, era: "modern" },
  upstreams: { concerned: new URL(`http://127.0.0.1:${toUpstream.port}`), other: new URL(upstream.ready.url) },
})) as Record<"concerned" | "other", Furnished>;

const gateways = [stack.use(await startGateway()), stack.use(await startGateway())] as const;
const [first, second] = gateways;
const monitor = stack.use(await startMonitor());
const prometheus = stack.use(
  await startPrometheus({
    targets: {
      gatehouse: gateways.map(({ metricsPort }) => `127.0.0.1:${metricsPort}`),
      collector: [`127.0.0.1:${monitor.port}`],
    },
    ruleFiles: RULES,
  }),
);
const rules = await readRules();

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
};
const HEADERS = {
  ...{ host: publicUrl.host, "content-type": "application/json", accept: "application/json, text/event-stream" },
  ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "look" },
};
const HEAD = `\`npm run proof faults\` puts a way of its own between two gateways and Postgres, Redis and one of two upstreams, and makes it bad: \`cut\` breaks
connections and makes none, \`late\` is a tenth of a second each way, \`delay\` a second, \`slow\` is 16 bytes a second, \`garbage\` is noise in place of
answers. A Prometheus looks each second. The run fails where an alert's expression does not turn true, where a call is answered otherwise than is promised, or where anything does not come back by itself
once the way is good again, or the process is started again; what comes true as well lasts for its window of an hour or more. Calls go on all the time.

| what goes wrong | the alert's expression is true after | calls at the connector concerned | calls at another connector | calls succeed again after |
|---|---|---|---|---|`;

const OK = ["200"];
const REFUSED = ["503"];
const FAILED = ["502", "503", "504"];

const FAULTS: Fault[] = [
  // First, since the latency of all calls of the last hour counts.
  ...onTheWay("an upstream", toUpstream, {
    slow: { alert: "LatencyBurnsFast", also: ["LatencyBurnsSlowly"], concerned: OK, others: OK },
    delay: { alert: "LatencyBurnsFast", concerned: OK, others: OK },
  }),
  ...onTheWay("Postgres", postgres, {
    cut: {
      ...{ alert: "PostgresUnreachable", also: ["AuditFails", "AvailabilityBurnsFast", "AvailabilityBurnsSlowly"] },
      ...{ concerned: REFUSED, others: REFUSED },
    },
    delay: { alert: "AuditLags", concerned: [...OK, ...REFUSED], others: [...OK, ...REFUSED] },
    slow: { alert: "PoolUsedUp", concerned: REFUSED, others: REFUSED },
    garbage: { alert: "PostgresUnreachable", concerned: REFUSED, others: REFUSED },
  }),
  ...onTheWay("Redis", redis, {
    cut: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    late: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    delay: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    slow: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    garbage: { alert: "RedisOnInsurance", concerned: OK, others: OK },
  }),
  ...onTheWay("an upstream", toUpstream, {
    cut: { alert: "UpstreamDown", concerned: FAILED, others: OK },
    garbage: { alert: "UpstreamDown", concerned: FAILED, others: OK },
  }),
  {
    what: "a gateway is stopped by SIGSTOP",
    alert: "ProcessDown",
    begin: () => first.signal("SIGSTOP"),
    end: () => first.signal("SIGCONT"),
    ...{ concerned: OK, others: OK },
  },
  ...(["SIGKILL", "SIGTERM"] as const).map((signal) => ({
    what: `a gateway is ended by ${signal}, and started again`,
    alert: "ProcessDown",
    begin: () => first.end(signal),
    end: () => first.start(),
    ...{ concerned: OK, others: OK },
  })),
  {
    what: "a gateway gets half of its time (SIGSTOP and SIGCONT, each 0.4 s)",
    alert: "EventLoopLags",
    ...stutter(first),
    ...{ concerned: OK, others: OK },
  },
  {
    ...{ what: "what is monitored besides is ended, and started again", alert: "MonitoringDown" },
    begin: () => monitor.end(),
    end: () => monitor.start(),
    ...{ concerned: OK, others: OK },
  },
].filter(({ what }) => what.includes(ONLY));

// What has never been counted does not grow: every series begins before anything goes wrong.
for (const { port } of gateways) for (const endpoint of [concerned, other]) await call(port, endpoint);
await after(3 * SCRAPED_EVERY_MS);

const rows: string[] = [];
const broken: string[] = [];
for (const fault of FAULTS) {
  const row = await observe(fault).then(rowOf, (error: Error) => {
    broken.push(`${fault.what}: ${error.message}`);
    return `| ${fault.what} | **not as promised:** ${error.message} | | | |`;
  });
  rows.push(row);
  process.stdout.write(`${row}\n`);
}
if (!ONLY)
  await writePart("What goes wrong, and what becomes of it", `${HEAD}\n${rows.join("\n")}\n\n${raisedByTests()}`);
if (broken.length > 0) throw new Error(broken.join("\n"));

function onTheWay(
  where: string,
  way: { weather: Weather },
  faults: Partial<Record<Weather, Pick<Fault, "alert" | "also" | "concerned" | "others">>>,
): Fault[] {
  return Object.entries(faults).map(([weather, fault]) => ({
    what: `the way to ${where}: ${weather}`,
    ...fault,
    begin() {
      way.weather = weather as Weather;
    },
    end() {
      way.weather = "clear";
    },
  }));
}

/** What the tests raise, where more than a gateway is there to do ill. */
function raisedByTests(): string {
  const names = [...rules.keys()].filter(
    (name) => !FAULTS.some(({ alert, also }) => alert === name || also?.includes(name)),
  );
  return `For these, what goes wrong is done in the tests (\`test/infra/faults.ts\`), where a real Prometheus looks as well: ${names.map((name) => `\`${name}\``).join(", ")}.`;
}

function stutter({ signal }: Gateway): Pick<Fault, "begin" | "end"> {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  return {
    begin() {
      timer = setInterval(() => {
        isStopped = !isStopped;
        signal(isStopped ? "SIGSTOP" : "SIGCONT");
      }, 400);
    },
    end() {
      clearInterval(timer);
      signal("SIGCONT");
    },
  };
}

async function observe(fault: Fault): Promise<Observed> {
  const gateway = fault.what.startsWith("a gateway") ? second : first;
  const meanwhile = await during(fault, gateway.port);
  const ended = performance.now();
  await until(async () => (await call(gateway.port, concerned)) === "200", "calls do not succeed again");
  const backMs = performance.now() - ended;
  await underLoad(gateway.port, async () => {
    for (const { alert } of FAULTS) await until(async () => !(await isTrue(alert)), `${alert} does not end`);
  });
  return { ...meanwhile, backMs };
}

async function underLoad<T>(port: number, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const load = Promise.all(Array.from({ length: CALLERS }, () => keepCalling(port, stop.signal)));
  return work().finally(async () => {
    stop.abort();
    await load;
  });
}

/** From its beginning to its end, whatever happens in between. */
async function during(fault: Fault, port: number): Promise<Omit<Observed, "backMs">> {
  const { what, alert, also = [] } = fault;
  const began = performance.now();
  await fault.begin();
  async function watch(): Promise<Omit<Observed, "backMs">> {
    await until(() => isTrue(alert), `${alert} does not come`);
    const alertMs = performance.now() - began;
    for (const other of also) await until(() => isTrue(other), `${other} does not come`);
    const answered = await answersOf(port, concerned, fault.concerned);
    const others = await answersOf(port, other, fault.others);
    return { what, alert, also, alertMs, concerned: answered, others };
  }
  return underLoad(port, () => watch().finally(() => fault.end()));
}

async function keepCalling(port: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await call(port, concerned);
    await after(100);
  }
}

/** How a few calls at once end, and how long the slowest takes. Throws where one ends otherwise than is promised. */
async function answersOf(port: number, endpoint: Furnished, promised: readonly string[]): Promise<string> {
  const began = performance.now();
  const answers = new Set(await Promise.all(Array.from({ length: CALLS }, () => call(port, endpoint))));
  const wrong = [...answers].filter((answer) => !promised.includes(answer));
  if (wrong.length > 0) throw new Error(`${wrong.join(", ")} in place of ${promised.join(", ")}`);
  return `${[...answers].join(", ")} after ${seconds(performance.now() - began)}`;
}

/** The error's code, which is a status here; without one the status, or what keeps it from us. */
async function call(port: number, { endpoint, token }: Furnished): Promise<string> {
  const { pathname } = new URL(endpoint);
  const body = {
    ...{ jsonrpc: "2.0", id: 1, method: "tools/call" },
    params: { name: "look", arguments: {}, _meta: META },
  };
  try {
    const answer = await request(`http://127.0.0.1:${port}${pathname}`, {
      method: "POST",
      headers: { ...HEADERS, authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const [, code] = /"error":\{"code":(-?\d+)/.exec(await answer.body.text()) ?? [];
    return code ?? String(answer.statusCode);
  } catch (error) {
    return (error as Error).name;
  }
}

async function isTrue(alert: string): Promise<boolean> {
  return (await prometheus.query(rules.get(alert)!)).length > 0;
}

async function until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(otherwise);
    await after(200);
  }
}

/** The expressions of all alerts. */
async function readRules(): Promise<Map<string, string>> {
  const files = await Promise.all(RULES.map((path) => readFile(path, "utf8")));
  const read = files.flatMap((text) => parse(text).groups).flatMap((group) => group.rules);
  return new Map(read.filter(({ alert }) => alert).map(({ alert, expr }) => [alert, expr]));
}

interface Gateway extends AsyncDisposable {
  port: number;
  metricsPort: number;
  signal(signal: NodeJS.Signals): void;
  /** Throws where SIGTERM does not lead to exit 0. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Once more, at the same ports. */
  start(): Promise<void>;
}

async function startGateway(): Promise<Gateway> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const env = {
    ...{ PATH: process.env.PATH, PORT: String(port), METRICS_PORT: String(metricsPort), PUBLIC_URL: publicUrl.origin },
    DATABASE_URL: `postgres://127.0.0.1:${postgres.port}/faults`,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    GATEHOUSE_MASTER_KEY: masterKey.toString("base64"),
  };
  let child = await serveGateway(env);

  async function end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const ended = once(child, "exit");
    child.kill(signal);
    const [code] = await ended;
    if (signal === "SIGTERM" && code !== 0) throw new Error(`it exits with ${code}`);
  }

  return {
    ...{ port, metricsPort, end },
    signal: (signal) => void child.kill(signal),
    async start() {
      child = await serveGateway(env);
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      await end("SIGTERM");
    },
  };
}

async function serveGateway(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, "serve", "gateway"], { env, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  const serving = Promise.withResolvers<void>();
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk;
    if (log.includes('"serving"')) serving.resolve();
  });
  await Promise.race([serving.promise, once(child, "exit").then(() => Promise.reject(new Error(log)))]);
  return child;
}

/** Something that is looked at beside Gatehouse, as the collector is. */
async function startMonitor() {
  const server = createServer((_request, response) => response.setHeader("content-type", "text/plain").end());
  const port = await freePort();
  const end = async () => {
    const closed = once(server.close(), "close");
    server.closeAllConnections();
    await closed;
  };
  const start = async () => void (await once(server.listen(port, "127.0.0.1"), "listening"));
  await start();
  return { port, start, end, [Symbol.asyncDispose]: end };
}

function rowOf({ what, alert, also = [], alertMs, concerned, others, backMs }: Observed): string {
  const alerts = [`\`${alert}\`, ${seconds(alertMs)}`, ...also.map((name) => `\`${name}\``)].join("; ");
  return `| ${what} | ${alerts} | ${concerned} | ${others} | ${seconds(backMs)} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
