import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { stringify } from "yaml";
import { freePort } from "./services.ts";

export interface Sample {
  metric: Record<string, string>;
  /** When, in seconds, and what. */
  value: [number, string];
}

export interface Alert {
  labels: Record<string, string>;
  state: "pending" | "firing";
}

/** Debian's, looking at us every second. */
export interface Prometheus extends AsyncDisposable {
  url: string;
  /** As it is, or will be in so many seconds where nothing happens until then. Throws what Prometheus says against the query. */
  query(expression: string, aheadSeconds?: number): Promise<Sample[]>;
  alerts(): Promise<Alert[]>;
}

export interface PrometheusOptions {
  /** `host:port` of each process, by the job's name. */
  targets: Record<string, string[]>;
  ruleFiles?: string[];
}

export async function startPrometheus({ targets, ruleFiles = [] }: PrometheusOptions): Promise<Prometheus> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-prometheus-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const config = join(directory, "prometheus.yml");
  await writeFile(config, stringify(configure(targets, ruleFiles)));
  const address = `127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${config}`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=${address}`];
  stack.use(await run(flags, `http://${address}/-/ready`));
  const opened = stack.move();
  const url = `http://${address}`;
  return {
    url,
    async query(expression, aheadSeconds = 0) {
      const asked = new URLSearchParams({ query: expression, time: String(Date.now() / 1000 + aheadSeconds) });
      return (await ask<{ result: Sample[] }>(`${url}/api/v1/query?${asked}`)).result;
    },
    alerts: async () => (await ask<{ alerts: Alert[] }>(`${url}/api/v1/alerts`)).alerts,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function configure(targets: Record<string, string[]>, ruleFiles: string[]): object {
  const jobs = Object.entries(targets);
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: ruleFiles,
    scrape_configs: jobs.map(([name, hosts]) => ({ job_name: name, static_configs: [{ targets: hosts }] })),
  };
}

async function run(flags: string[], readyUrl: string): Promise<AsyncDisposable> {
  const server = spawn("prometheus", flags, { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => {
    log += chunk;
  });
  const ended = once(server, "exit").catch((error: Error) => {
    log += `${error.message}: it comes with Debian's package prometheus (apt-get install prometheus)`;
  });
  const failed = ended.then(() => Promise.reject(new Error(`Prometheus does not start: ${log}`)));
  await Promise.race([isReady(readyUrl), failed]);
  return {
    async [Symbol.asyncDispose]() {
      failed.catch(() => {});
      server.kill();
      await ended;
    },
  };
}

async function isReady(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await after(50);
  }
}

async function ask<Data>(url: string): Promise<Data> {
  const answer = (await (await fetch(url)).json()) as { status: string; data: Data; error?: string };
  if (answer.status !== "success") throw new Error(answer.error);
  return answer.data;
}
