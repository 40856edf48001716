import { createServer } from "node:http";

interface Attribute {
  key: string;
  value: { stringValue?: string };
}

interface ExportedSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Attribute[];
  status: { code: number };
}

export const SERVER = 2;
export const CLIENT = 3;

/** An OpenTelemetry collector that takes JSON, and keeps what it is sent. */
export async function startCollector() {
  const spans: ExportedSpan[] = [];
  const logs: { traceId?: string; body: { stringValue: string } }[] = [];
  const metrics: { name: string; histogram?: { dataPoints: { attributes: Attribute[] }[] } }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      for (const { scopeSpans } of body.resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans);
      for (const { scopeMetrics } of body.resourceMetrics ?? []) {
        for (const scope of scopeMetrics) metrics.push(...scope.metrics);
      }
      for (const { scopeLogs } of body.resourceLogs ?? [])
        for (const scope of scopeLogs) logs.push(...scope.logRecords);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    metrics,
    logs,
    [Symbol.dispose]: () => server.closeAllConnections(),
  };
}

export const attributesOf = ({ attributes }: { attributes: Attribute[] }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue]));
