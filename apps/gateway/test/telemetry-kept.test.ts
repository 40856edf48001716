import { startTelemetry } from "@gatehouse/telemetry/start";
import { expect, test } from "vitest";
import { bearer, callTool, post } from "./client.ts";
import { CLIENT, SERVER, startCollector } from "./collector.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendJson, startUpstream } from "./upstream.ts";

test("where little is sampled, what fails is kept as a whole, and what goes well is never made", async () => {
  using collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "http/json";
  process.env.OTEL_TRACES_SAMPLER = "parentbased_traceidratio";
  process.env.OTEL_TRACES_SAMPLER_ARG = "0";
  const telemetry = await startTelemetry({ slowMs: 60_000 });
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  upstream.on("tools/call", (received, response) => {
    sendJson(response, result(received, { content: [], isError: true }));
  });
  await post(small.endpoint.url, callTool("look"), bearer(small.token));
  const sentOn = String(upstream.received.at(-1)!.headers.traceparent);
  await post(small.endpoint.url, callTool("nonsense"), bearer(small.token));
  small.house.log.warn({ trace_id: sentOn.slice(3, 35), password: "canary" }, "something was odd");
  await telemetry[Symbol.asyncDispose]();
  expect(JSON.stringify(collector.logs)).toContain("something was odd");
  expect(JSON.stringify(collector.logs)).not.toContain("canary");
  expect(sentOn).toMatch(/-00$/);
  expect(collector.spans.map(({ kind }) => kind).sort()).toEqual([SERVER, CLIENT]);
  for (const { traceId } of collector.spans) expect(sentOn).toContain(traceId);
  expect(sentOn).toContain(collector.spans.find(({ kind }) => kind === CLIENT)!.spanId);
});
