import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listMetrics } from "@gatehouse/telemetry/metrics";
import { serveMetrics } from "@gatehouse/telemetry/metrics-server";
import { openMetricsName } from "@gatehouse/telemetry/open-metrics";
import { startTelemetry } from "@gatehouse/telemetry/start";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { cloneDatabase } from "@gatehouse/testing/database";
import { startHouse } from "@gatehouse/testing/house";
import { startPrometheus } from "@gatehouse/testing/prometheus";
import { tokenFor } from "@gatehouse/testing/token-for";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { bearer, callTool, initialize, post } from "../../apps/gateway/test/client.ts";
import { sendJson, startUpstream, TOOLS } from "../../apps/gateway/test/upstream.ts";
import { renderDashboard } from "../../infra/grafana/src/dashboard.ts";
import { DASHBOARDS } from "../../infra/grafana/src/dashboards.ts";
import { ROOT, read } from "./compose.ts";
import {
  ageKeys,
  certificateEnds,
  type Fault,
  headsAreNotPublished,
  jobIsNotDone,
  keyEnds,
  mailIsLate,
  refreshesFail,
  requestsFail,
  signInsFail,
  upstreamRefuses,
} from "./faults.ts";

const RULES = join(ROOT, "infra/prometheus/rules");
const ruleFiles = (await Array.fromAsync(glob("*.yml", { cwd: RULES }))).map((name) => join(RULES, name));

async function readRules(): Promise<{ alert?: string; expr: string }[]> {
  const files = await Promise.all(ruleFiles.map((path) => readFile(path, "utf8")));
  return files.flatMap((text) => parse(text).groups).flatMap(({ rules }) => rules);
}

/** A house with a Prometheus that looks at it, and somebody who does all that a dashboard shows. */
async function startRun() {
  await using stack = new AsyncDisposableStack();
  stack.use(await startTelemetry({ slowMs: 2000 }));
  const metricsServer = stack.use(await serveMetrics({ host: "127.0.0.1", port: 0 }));
  const upstream = stack.use(await startUpstream());
  upstream.on("tools/call", ({ body }, response) => {
    if (body.params.name === "change") sendJson(response, {}, { status: 500 });
    else sendJson(response, { jsonrpc: "2.0", id: body.id, result: { content: [], resultType: "complete" } });
  });
  const accounts = stack.use(await startSdkServer());
  const database = stack.use(await cloneDatabase());
  await ageKeys(database, 91);
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-heads-"));
  stack.defer(() => rm(directory, { recursive: true }));
  const heads = join(directory, "heads.jsonl");
  const house = stack.use(
    await startHouse({
      ...{ ...database, metricsServer, redis: true, auth: { keysIntervalMs: 200 } },
      ...{ auditHeads: pathToFileURL(heads), signHeadsEveryMs: 200 },
      egressAllow: [new URL(accounts.issuer).host],
    }),
  );
  const targets = { gatehouse: [`127.0.0.1:${metricsServer.port}`] };
  const prometheus = stack.use(await startPrometheus({ targets, ruleFiles }));
  const stop = new AbortController();
  const load = keepBusy(house, upstream.url, stop.signal);
  stack.defer(async () => {
    stop.abort();
    await load;
  });
  const opened = stack.move();
  return { house, accounts, heads, prometheus, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function keepBusy(house: Awaited<ReturnType<typeof startHouse>>, upstreamUrl: string, stop: AbortSignal) {
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const tools = TOOLS.map((tool) => ({ ...tool, classification: "read" as const }));
  const { url } = await house.addConnector(org, { slug: "tools", url: upstreamUrl, tools });
  const { accessToken, refreshToken, clientId } = await tokenFor(alice, url);
  const renewal = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
  await tokenFor({ ...alice, password: "a wrong one" }, url).catch(() => {});
  await fetch(`${house.url}/oauth/token`, { method: "POST", body: new URLSearchParams(renewal) });
  while (!stop.aborted) {
    await post(url, callTool("look"), bearer(accessToken));
    await post(url, callTool("change"), bearer(accessToken));
    await post(url, callTool("look"));
  }
}

let run: Awaited<ReturnType<typeof startRun>>;
beforeAll(async () => {
  run = await startRun();
});
afterAll(() => run[Symbol.asyncDispose]());

// First, since what panels show has begun some seconds ago by then.
test("sign-ins, renewals, requests, certificates, keys and jobs: what goes wrong for real makes its alert's expression true, until it is well again", {
  timeout: 90_000,
}, async () => {
  const { house, accounts, prometheus } = run;
  const expressionOf = new Map((await readRules()).map(({ alert, expr }) => [alert, expr]));
  const seen = (expression: string, aheadSeconds?: number) =>
    expect.poll(async () => (await prometheus.query(expression, aheadSeconds)).length > 0, {
      timeout: 60_000,
      message: expression,
    });
  const org = await house.addOrg({ slug: "ill" });
  const alice = await house.addMember(org, { email: "alice@ill.example" });
  const endpoint = await house.addConnector(org, { slug: "tools", url: accounts.issuer });
  const furnished = { house, alice, endpoint, seen: (expression: string) => seen(expression).toBe(true) };
  await using certificate = await certificateEnds(furnished);
  await using upstream = await upstreamRefuses(furnished, accounts);
  const faults = [
    ...[await signInsFail(furnished), await refreshesFail(furnished), upstream, certificate, keyEnds(house)],
    ...[requestsFail(furnished), jobIsNotDone(house), headsAreNotPublished(run.heads), mailIsLate(house)],
  ];
  async function come({ alert, also = [], goWrong, goWell, ...when }: Fault): Promise<void> {
    const { aheadSeconds = 0, pastAfterSeconds = 0 } = when;
    const expressions = [alert, ...also].map((name) => expressionOf.get(name)!);
    await goWrong();
    for (const expression of expressions) await seen(expression, aheadSeconds).toBe(true);
    await goWell();
    const pastSeconds = Math.max(aheadSeconds, pastAfterSeconds - 3);
    for (const expression of expressions) await seen(expression, pastSeconds).toBe(false);
  }
  await Promise.all(faults.map(come));
});

const inPlace = (expr: string) =>
  expr.replaceAll("$__rate_interval", "20s").replaceAll("$org", "acme").replaceAll("$connector", "tools");

test.each(DASHBOARDS.map((dashboard) => [dashboard.uid, dashboard] as const))(
  "dashboard %s is what its code makes (npm run dashboards)",
  async (uid, dashboard) => {
    const committed = JSON.parse(await read(`infra/grafana/dashboards/${uid}.json`));
    expect(committed).toEqual(renderDashboard(dashboard));
  },
);

test.each(DASHBOARDS.map(({ uid, rows }) => [uid, rows.flatMap(({ panels }) => panels)] as const))(
  "every query of dashboard %s is answered by a Prometheus that has looked at a running house",
  async (_uid, panels) => {
    const queries = panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ title, expr })));
    await vi.waitFor(
      async () => {
        const answers = queries.map(async (query) => ({
          ...query,
          answer: await run.prometheus.query(inPlace(query.expr)),
        }));
        const silent = (await Promise.all(answers)).filter(({ answer }) => answer.length === 0);
        expect(silent.map(({ title }) => title)).toEqual([]);
      },
      { timeout: 15_000, interval: 500 },
    );
  },
);

test("what no panel shows is measured as well", async () => {
  await using upstream = await startUpstream();
  const { house } = run;
  const org = await house.addOrg({ slug: "old" });
  const bob = await house.addMember(org, { email: "bob@old.example" });
  const { url } = await house.addConnector(org, { slug: "old", url: upstream.url, era: "legacy" });
  const { accessToken } = await tokenFor(bob, url);
  await fetch(url, { method: "DELETE", headers: await initialize(url, accessToken) });
  await fetch(`${house.url}/api/orgs/old/connectors/nobody-knows`);
  const queries = [
    'mcp_server_session_duration_seconds_count{gatehouse_org="old",mcp_protocol_version="2025-11-25"}',
    'http_server_request_duration_seconds_count{http_route="/api/orgs/:org/connectors/:slug"}',
    'db_client_operation_duration_seconds_count{db_system_name="redis",pool="redis"}',
    'gatehouse_pool_connections{pool="upstream calls",state="idle"} > 0',
    'gatehouse_pool_waiting{pool="upstream streams"}',
    "count(gatehouse_job_lag_seconds) == 4",
  ];
  for (const query of queries) {
    await expect
      .poll(async () => (await run.prometheus.query(query)).length, { timeout: 15_000, message: query })
      .toBeGreaterThan(0);
  }
});

test("every metric that an alert asks for is one that the house knows, by its labels", async () => {
  const expressions = (await readRules()).map(({ expr }) => expr);
  const known = Array.from(listMetrics(), (metric) => [openMetricsName(metric), metric] as const);
  const labels = new Set(known.flatMap(([, metric]) => metric.labels).map((label) => label.replaceAll(".", "_")));
  const asked = new Set(expressions.flatMap((expr) => expr.match(/(?<![:\w])(?:gatehouse|mcp)_\w+/g) ?? []));
  const names = [...asked]
    .filter((name) => !labels.has(name))
    .map((name) => name.replace(/_(total|bucket|count|sum)$/, ""));
  expect(known.map(([name]) => name)).toEqual(expect.arrayContaining(names));
});
