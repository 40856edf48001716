import { get } from "node:http";
import { expect, test } from "vitest";
import { counter, gauge, histogram, listMetrics } from "../src/metrics.ts";
import { serveMetrics } from "../src/metrics-server.ts";
import { renderOpenMetrics } from "../src/open-metrics.ts";

const described = (name: string, unit: string, labels: string[]) => ({ name, unit, labels, help: 'A "test"' });
const linesOf = (name: string) =>
  renderOpenMetrics(listMetrics())
    .split("\n")
    .filter((line) => line.startsWith(name));

test("orgs that are too many for a label are counted as one, and those that were first stay apart", () => {
  const calls = counter(described("test.calls", "{call}", ["org", "tool"]));
  for (let at = 0; at < 300; at++) for (const tool of ["a", "b"]) calls.add(1, `org-${at}`, tool);
  calls.add(1, "org-0", "a");
  const lines = linesOf("test_calls_total");
  expect(lines).toHaveLength(2 * 200 + 2);
  expect(lines).toContain('test_calls_total{org="org-0",tool="a"} 2');
  expect(lines).toContain('test_calls_total{org="_other",tool="b"} 100');
});

test("an org that makes up names leaves the others theirs", () => {
  const calls = counter(described("test.names", "{call}", ["org", "connector", "tool"]));
  const pointsOf = (org: string) => linesOf("test_names_total").filter((line) => line.includes(`org="${org}"`)).length;
  function makeUp(org: string): void {
    for (let at = 0; at < 200; at++) for (let tool = 0; tool < 200; tool++) calls.add(1, org, `c${at}`, `t${tool}`);
  }
  makeUp("loud");
  expect(pointsOf("loud")).toBeLessThan(1100);
  for (let at = 0; at < 20; at++) makeUp(`loud-${at}`);
  for (const tool of ["a", "b", "c"]) calls.add(1, "quiet", "wiki", tool);
  expect(linesOf("test_names_total")).toContain('test_names_total{org="quiet",connector="wiki",tool="c"} 1');
});

test("a histogram's buckets are cumulative, and name a trace that was exported", () => {
  const duration = histogram({ ...described("test.duration", "s", ["error.type"]), boundaries: [0.1, 1] });
  duration.record(0.05, null, undefined);
  duration.record(0.5, { traceId: "a".repeat(32), spanId: "b".repeat(16) }, undefined);
  const [first, second, third, count, sum] = linesOf("test_duration_seconds_");
  expect([first, third, count, sum]).toEqual([
    'test_duration_seconds_bucket{le="0.1"} 1',
    'test_duration_seconds_bucket{le="+Inf"} 2',
    "test_duration_seconds_count 2",
    "test_duration_seconds_sum 0.55",
  ]);
  expect(second).toMatch(/^test_duration_seconds_bucket\{le="1"\} 2 # \{trace_id="a{32}",span_id="b{16}"\} 0\.5 \d+/);
});

test("what several observers see under the same labels is one sample, and nothing once they are gone", () => {
  const waiting = gauge(described("test.waiting", "{request}", ["pool"]));
  const observers = [2, 3].map((count) => waiting.observe(() => [[count, 'a "pool"']]));
  expect(linesOf("test_waiting")).toEqual(['test_waiting{pool="a \\"pool\\""} 5']);
  for (const observer of observers) observer[Symbol.dispose]();
  expect(linesOf("test_waiting")).toEqual([]);
});

test("the metrics' port says what a process depends on; nothing else is there", async () => {
  await using server = await serveMetrics({ host: "127.0.0.1", port: 0 });
  const read = (path: string) =>
    new Promise<[number, string]>((resolve) =>
      get({ port: server.port, host: "127.0.0.1", path }, async (answer) =>
        resolve([answer.statusCode!, (await answer.toArray()).join("")]),
      ),
    );
  expect((await read("/readyz"))[0]).toBe(503);
  server.answerReadiness(async () => ({ ready: true, dependencies: { postgres: "ok" } }));
  expect(await read("/readyz")).toEqual([200, '{"ready":true,"dependencies":{"postgres":"ok"}}']);
  const [status, text] = await read("/metrics");
  expect([status, text.endsWith("# EOF\n")]).toEqual([200, true]);
  expect((await read("/debug"))[0]).toBe(404);
});
