import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { isSpanContextValid, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

const tracer = trace.getTracer("gatehouse");

/** A span for a request that is not a call of MCP. `route` is one of few: it may hold nothing that a client makes up. */
export function traceRequest(
  request: IncomingMessage,
  response: ServerResponse,
  route: string,
  answer: () => void,
): void {
  const name = `${request.method} ${route}`;
  const attributes = { "http.request.method": request.method!, "http.route": route };
  tracer.startActiveSpan(name, { kind: SpanKind.SERVER, attributes }, (span) => {
    response.once("close", () => {
      span.setAttribute("http.response.status_code", response.statusCode);
      if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    answer();
  });
}

/** What people can name of a request: the id of its trace, or one of its own where nothing is traced. */
export function incidentId(): string {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? context.traceId : randomBytes(16).toString("hex");
}
