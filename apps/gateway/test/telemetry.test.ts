import { startTelemetry } from "@gatehouse/telemetry/start";
import { expect, test } from "vitest";
import { bearer, callTool, post } from "./client.ts";
import { attributesOf, CLIENT, SERVER, startCollector } from "./collector.ts";
import { startSmallHouse } from "./house.ts";
import { sendJson, startUpstream } from "./upstream.ts";

test("client, gateway and upstream are one trace: a span per exchange and one per request upstream, exported by OTLP", async () => {
  using collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "http/json";
  const telemetry = await startTelemetry({ slowMs: 2000 });
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream, { bearer: "canary-credential" });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await post(small.endpoint.url, callTool("look"), { ...bearer(small.token), traceparent });
  const sentOn = upstream.received.at(-1)!.headers.traceparent;
  upstream.on("tools/call", (_received, response) => sendJson(response, {}, { status: 500 }));
  await post(small.endpoint.url, callTool("change", { message: "canary-argument" }), bearer(small.token));
  await telemetry[Symbol.asyncDispose]();

  const exchange = collector.spans.find(
    ({ traceId, kind }) => traceId === traceparent.slice(3, 35) && kind === SERVER,
  )!;
  const request = collector.spans.find(
    ({ parentSpanId, kind }) => parentSpanId === exchange.spanId && kind === CLIENT,
  )!;
  expect(exchange).toMatchObject({ name: "tools/call look", parentSpanId: "b7ad6b7169203331" });
  expect(attributesOf(exchange)).toMatchObject({
    "mcp.method.name": "tools/call",
    "mcp.protocol.version": "2026-07-28",
    "gen_ai.tool.name": "look",
    "gatehouse.org": "acme",
    "gatehouse.connector": "tools",
  });
  expect(sentOn).toBe(`00-${exchange.traceId}-${request.spanId}-01`);
  const failed = collector.spans.find(({ name, kind }) => name === "tools/call change" && kind === SERVER)!;
  expect(attributesOf(failed)["error.type"]).toBe("upstream_failed");
  const names = collector.metrics.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["mcp.server.operation.duration", "mcp.client.operation.duration"]));
  const exported = JSON.stringify([collector.spans, collector.metrics]);
  expect(exported).not.toContain("canary");
  expect(exported).not.toContain(small.token);
});
