import { randomFillSync } from "node:crypto";
import {
  type Attributes,
  type Context,
  type Histogram,
  INVALID_TRACEID,
  metrics,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

// Names are those of the OpenTelemetry semantic conventions for MCP (semantic-conventions-genai, docs/gen-ai/mcp.md).

/** What an operation is: bounded in number, so that it may name spans and label metrics. */
export interface Operation {
  method: string;
  /** A tool's or prompt's name, never a URI. */
  target?: string | undefined;
  protocolVersion: string;
}

/** One client request, from its arrival to the last byte of its answer. */
export interface ServerOperation {
  readonly operation: Operation;
  readonly traceId: string;
  /** W3C Trace Context, for what is sent on behalf of this operation when it has no span of its own. */
  readonly traceparent: string;
  readonly context: Context;
  /** `error` is a fault's code, `tool_error`, or a JSON-RPC error's code. */
  end(error?: string): void;
}

/** One request to an upstream, within a server operation. */
export interface ClientOperation {
  readonly traceparent: string;
  end(error?: string): void;
}

export interface McpTelemetry {
  startServer(operation: Operation, traceparent: string | undefined, attributes: () => Attributes): ServerOperation;
  startClient(parent: ServerOperation, attributes: () => Attributes): ClientOperation;
}

/** The conventions' own boundaries, in seconds. */
const DURATION_BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

export function openMcpTelemetry(): McpTelemetry {
  const tracer = trace.getTracer("gatehouse");
  const meter = metrics.getMeter("gatehouse");
  const histogram = (name: string) =>
    meter.createHistogram(name, { unit: "s", advice: { explicitBucketBoundaries: DURATION_BUCKETS } });
  const serverDuration = histogram("mcp.server.operation.duration");
  const clientDuration = histogram("mcp.client.operation.duration");

  function startSpan(kind: SpanKind, operation: Operation, context: Context, attributes: () => Attributes): Span {
    const name = operation.target ? `${operation.method} ${operation.target}` : operation.method;
    const span = tracer.startSpan(name, { kind }, context);
    if (span.isRecording()) span.setAttributes({ ...describe(operation), ...attributes() });
    return span;
  }

  return {
    startServer(operation, traceparent, attributes) {
      const parent = traceparent ? parseTraceparent(traceparent) : null;
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const span = startSpan(SpanKind.SERVER, operation, context, attributes);
      const given = span.spanContext();
      const own = given.traceId === INVALID_TRACEID ? randomSpanContext() : given;
      return {
        operation,
        traceId: own.traceId,
        traceparent: formatTraceparent(own),
        context: span.isRecording() ? trace.setSpan(context, span) : trace.setSpanContext(context, own),
        end: endOf(span, serverDuration, operation),
      };
    },
    startClient(parent, attributes) {
      const { operation } = parent;
      const span = startSpan(SpanKind.CLIENT, operation, parent.context, attributes);
      return {
        traceparent: span.isRecording() ? formatTraceparent(span.spanContext()) : parent.traceparent,
        end: endOf(span, clientDuration, operation),
      };
    },
  };
}

function endOf(span: Span, duration: Histogram, operation: Operation): (error?: string) => void {
  const startedAt = performance.now();
  return (error) => {
    const labels = describe(operation);
    if (error) labels["error.type"] = error;
    duration.record((performance.now() - startedAt) / 1000, labels);
    if (error && span.isRecording()) {
      span.setAttribute("error.type", error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };
}

function describe({ method, target, protocolVersion }: Operation): Attributes {
  const attributes: Attributes = {
    "mcp.method.name": method,
    "mcp.protocol.version": protocolVersion,
    "network.transport": "tcp",
  };
  if (target && method === "tools/call") attributes["gen_ai.tool.name"] = target;
  if (target && method === "prompts/get") attributes["gen_ai.prompt.name"] = target;
  return attributes;
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** W3C Trace Context, `traceparent`; `null` for what is none, which is then ignored. */
export function parseTraceparent(text: string): SpanContext | null {
  const match = TRACEPARENT.exec(text);
  if (!match) return null;
  const context = { traceId: match[1]!, spanId: match[2]!, traceFlags: Number.parseInt(match[3]!, 16), isRemote: true };
  return trace.isSpanContextValid(context) ? context : null;
}

function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & 1 ? "01" : "00"}`;
}

const IDS = Buffer.alloc(24 * 128);
let used = IDS.length;

/** Where nothing records, calls still have ids that logs and the audit can be joined by. */
function randomSpanContext(): SpanContext {
  if (used === IDS.length) {
    randomFillSync(IDS);
    used = 0;
  }
  const hex = IDS.toString("hex", used, used + 24);
  used += 24;
  return { traceId: hex.slice(0, 32), spanId: hex.slice(32), traceFlags: 0 };
}
