import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
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
import { type Furnished, furnish } from "./furnish.ts";

// Two gateways as they are served, with a way of their own to Postgres, to Redis and to one of two upstreams, and a
// Prometheus that looks at them each second. What can go wrong on these ways and with the processes is made to, and made
// good again.

const ROOT = join(import.meta.dirname, "..");
const MAIN = fileURLToPath(import.meta.resolve("@gatehouse/gatehouse/main"));
const RULES = ["house", "upstreams"].map((name) => join(ROOT, `infra/prometheus/rules/${name}.yml`));
/** Until the expression is true, and until all is as before. */
const PATIENCE_MS = 120_000;
/** What no answer may take longer than, whatever happens. */
const ANSWER_MS = 90_000;
const CALLS = 5;
const CALLERS = 8;

interface Fault {
  what: string;
  alert: string;
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
  /** What calls at the connector that it may concern answer meanwhile, and at the other one. */
  concerned: readonly string[];
  others: readonly string[];
}

interface Observed {
  what: string;
  alert: string;
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
const { concerned, other } = (await furnish(owner, {
  ...{ publicUrl, era: "modern" },
  upstreams: { concerned: new URL(`http://127.0.0.1:${toUpstream.port}`), other: new URL(upstream.ready.url) },
})) as Record<"concerned" | "other", Furnished>;

const gateways = [stack.use(await startGateway()), stack.use(await startGateway())] as const;
const [first, second] = gateways;
const prometheus = stack.use(
  await startPrometheus({
    targets: { gatehouse: gateways.map(({ metricsPort }) => `127.0.0.1:${metricsPort}`) },
    ruleFiles: RULES,
  }),
);
const expressions = await readExpressions();

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
};
const HEADERS = {
  ...{ host: publicUrl.host, "content-type": "application/json", accept: "application/json, text/event-stream" },
  ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "look" },
};
const HEAD = `# What goes wrong, and what becomes of it

\`npm run proof faults\` puts a way of its own between two gateways and Postgres, Redis and one of two upstreams, and makes it bad: \`cut\` breaks
connections and makes none, \`delay\` is a second each way, \`slow\` is 16 bytes a second, \`garbage\` is noise in place of answers. A Prometheus looks each second. The run
fails where an alert's expression does not turn true, where a call is answered otherwise than is promised, or where anything does not come back by itself
once the way is good again.

| what goes wrong | the alert's expression is true after | calls at the connector concerned | calls at another connector | calls succeed again after |
|---|---|---|---|---|`;

const OK = ["200"];
const REFUSED = ["503"];
const FAILED = ["502", "503", "504"];

const FAULTS: Fault[] = [
  ...onTheWay("Postgres", postgres, {
    cut: { alert: "PostgresUnreachable", concerned: REFUSED, others: REFUSED },
    delay: { alert: "AuditLags", concerned: [...OK, ...REFUSED], others: [...OK, ...REFUSED] },
    slow: { alert: "PostgresUnreachable", concerned: REFUSED, others: REFUSED },
    garbage: { alert: "PostgresUnreachable", concerned: REFUSED, others: REFUSED },
  }),
  ...onTheWay("Redis", redis, {
    cut: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    delay: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    slow: { alert: "RedisOnInsurance", concerned: OK, others: OK },
    garbage: { alert: "RedisOnInsurance", concerned: OK, others: OK },
  }),
  ...onTheWay("an upstream", toUpstream, {
    cut: { alert: "UpstreamDown", concerned: FAILED, others: OK },
    slow: { alert: "UpstreamDown", concerned: FAILED, others: OK },
    garbage: { alert: "UpstreamDown", concerned: FAILED, others: OK },
  }),
  {
    what: "a gateway is stopped by SIGSTOP",
    alert: "ProcessDown",
    begin: () => void first.child.kill("SIGSTOP"),
    end: () => void first.child.kill("SIGCONT"),
    ...{ concerned: OK, others: OK },
  },
  {
    what: "a gateway gets half of its time (SIGSTOP and SIGCONT, each 0.4 s)",
    alert: "EventLoopLags",
    ...stutter(first.child),
    ...{ concerned: OK, others: OK },
  },
];

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
await writeFile(join(ROOT, "docs/faults.md"), `${HEAD}\n${rows.join("\n")}\n`);
if (broken.length > 0) throw new Error(broken.join("\n"));

function onTheWay(
  where: string,
  way: { weather: Weather },
  faults: Partial<Record<Weather, Pick<Fault, "alert" | "concerned" | "others">>>,
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

function stutter(child: ChildProcess): Pick<Fault, "begin" | "end"> {
  let isStopped = false;
  let timer: NodeJS.Timeout;
  return {
    begin() {
      timer = setInterval(() => {
        isStopped = !isStopped;
        child.kill(isStopped ? "SIGSTOP" : "SIGCONT");
      }, 400);
    },
    end() {
      clearInterval(timer);
      child.kill("SIGCONT");
    },
  };
}

async function observe(fault: Fault): Promise<Observed> {
  const gateway = fault.what.startsWith("a gateway") ? second : first;
  const meanwhile = await during(fault, gateway.port);
  const ended = performance.now();
  await until(async () => (await call(gateway.port, concerned)) === "200", "calls do not succeed again");
  const backMs = performance.now() - ended;
  for (const alert of expressions.keys()) await until(async () => !(await isTrue(alert)), `${alert} does not end`);
  return { ...meanwhile, backMs };
}

/** From its beginning to its end, whatever happens in between. */
async function during(fault: Fault, port: number): Promise<Omit<Observed, "backMs">> {
  const { what, alert } = fault;
  const stop = new AbortController();
  const began = performance.now();
  await fault.begin();
  const load = Promise.all(Array.from({ length: CALLERS }, () => keepCalling(port, stop.signal)));
  try {
    await until(() => isTrue(alert), `${alert} does not come`);
    const alertMs = performance.now() - began;
    const answered = await answersOf(port, concerned, fault.concerned);
    const others = await answersOf(port, other, fault.others);
    return { what, alert, alertMs, concerned: answered, others };
  } finally {
    stop.abort();
    await fault.end();
    await load;
  }
}

async function keepCalling(port: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await call(port, concerned);
    await after(100);
  }
}

/** How a few calls end, and how long the slowest takes. Throws where one ends otherwise than is promised. */
async function answersOf(port: number, endpoint: Furnished, promised: readonly string[]): Promise<string> {
  const began = performance.now();
  const answers = new Set<string>();
  for (let at = 0; at < CALLS; at++) answers.add(await call(port, endpoint));
  const wrong = [...answers].filter((answer) => !promised.includes(answer));
  if (wrong.length > 0) throw new Error(`${wrong.join(", ")} in place of ${promised.join(", ")}`);
  return `${[...answers].join(", ")} after ${seconds((performance.now() - began) / CALLS)}`;
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
  return (await prometheus.query(expressions.get(alert)!)).length > 0;
}

async function until(condition: () => Promise<boolean>, otherwise: string): Promise<void> {
  const began = performance.now();
  while (!(await condition())) {
    if (performance.now() - began > PATIENCE_MS) throw new Error(otherwise);
    await after(200);
  }
}

async function readExpressions(): Promise<Map<string, string>> {
  const files = await Promise.all(RULES.map((path) => readFile(path, "utf8")));
  const rules = files.flatMap((text) => parse(text).groups).flatMap((group) => group.rules);
  // No collector is there.
  const asked = rules.filter(({ alert }) => alert !== "MonitoringDown");
  return new Map(asked.map(({ alert, expr }) => [alert, expr]));
}

interface Gateway extends AsyncDisposable {
  child: ChildProcess;
  port: number;
  metricsPort: number;
}

async function startGateway(): Promise<Gateway> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const env = {
    ...{ PATH: process.env.PATH, PORT: String(port), METRICS_PORT: String(metricsPort), PUBLIC_URL: publicUrl.origin },
    DATABASE_URL: `postgres://127.0.0.1:${postgres.port}/faults`,
    REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    GATEHOUSE_MASTER_KEY: masterKey.toString("base64"),
  };
  const child = spawn(process.execPath, [MAIN, "serve", "gateway"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  let log = "";
  const serving = Promise.withResolvers<void>();
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk;
    if (log.includes('"serving"')) serving.resolve();
  });
  await Promise.race([serving.promise, ended.then(() => Promise.reject(new Error(log)))]);
  return {
    ...{ child, port, metricsPort },
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function rowOf({ what, alert, alertMs, concerned, others, backMs }: Observed): string {
  return `| ${what} | \`${alert}\`, ${seconds(alertMs)} | ${concerned} | ${others} | ${seconds(backMs)} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
