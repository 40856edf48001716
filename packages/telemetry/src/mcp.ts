import { type Attributes, type Link, SpanKind } from "@opentelemetry/api";
import { type Histogram, histogram, type Label } from "./metrics.ts";
import {
  beginPlace,
  formatTraceparent,
  isKept,
  makeSpan,
  type Place,
  parseTraceparent,
  placeBelow,
  type SpanText,
} from "./spans.ts";

// Names are those of the OpenTelemetry semantic conventions for MCP (semantic-conventions-genai, docs/gen-ai/mcp.md).

/** What an operation is: bounded in number, so that it may name spans and label metrics. */
export interface Operation {
  /** The org's and the connector's slugs. */
  org: string;
  connector: string;
  method: string;
  /** A tool's or prompt's name as the catalogue has it, never a URI. */
  target?: string | undefined;
  protocolVersion: string;
}

/** One client request, from its arrival to the last byte of its answer. */
export interface ServerOperation {
  readonly operation: Operation;
  readonly traceId: string;
  readonly spanId: string;
  /** W3C Trace Context, for what is sent on behalf of this operation when it has no span of its own. */
  readonly traceparent: string;
  /** `error` is a fault's code, `tool_error`, or a JSON-RPC error's code. */
  end(error?: string): void;
  startClient(attributes: () => Attributes): ClientOperation;
}

/** One request to an upstream, within a server operation. */
export interface ClientOperation {
  readonly traceparent: string;
  end(error?: string): void;
}

/** What a span says of an operation besides; asked for only where there is a span. */
export interface SpanDetails {
  attributes: Attributes;
  links?: Link[];
}

/** The conventions' own boundaries, in seconds. */
const BOUNDARIES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const LABELS = [
  "gatehouse.org",
  "gatehouse.connector",
  "mcp.method.name",
  "gen_ai.tool.name",
  "mcp.protocol.version",
  "error.type",
];

function duration(name: string, help: string): Histogram {
  return histogram({ name, unit: "s", help, labels: LABELS, boundaries: BOUNDARIES });
}

/** Streams, which are open for as long as somebody listens. */
const MAY_LAST = new Set(["GET", "subscriptions/listen"]);

const serverDuration = duration("mcp.server.operation.duration", "From a client's request to the end of its answer");
const clientDuration = duration(
  "mcp.client.operation.duration",
  "From a request to an upstream to the end of its answer",
);

const sessionDuration = histogram({
  ...{ name: "mcp.server.session.duration", unit: "s", help: "Of sessions that their clients have ended" },
  ...{ labels: ["gatehouse.org", "gatehouse.connector", "mcp.protocol.version"], boundaries: BOUNDARIES },
});

/** A session that `operation` ends. `openedAt` in milliseconds since the epoch: another process may have opened it. */
export function recordSession({ org, connector, protocolVersion }: Operation, openedAt: number): void {
  sessionDuration.record(Math.max(0, Date.now() - openedAt) / 1000, null, org, connector, protocolVersion);
}

export function startServer(
  operation: Operation,
  traceparent: string | undefined,
  details: () => SpanDetails,
): ServerOperation {
  return new Server(operation, beginPlace(parseTraceparent(traceparent)), details);
}

class Server implements ServerOperation {
  readonly operation: Operation;
  readonly #place: Place;
  readonly #details: () => SpanDetails;
  /** Makes the spans of those requests to upstreams that ended before it is known whether they are wanted. */
  #undecided: (() => void)[] = [];
  #kept: boolean | null = null;

  constructor(operation: Operation, place: Place, details: () => SpanDetails) {
    this.operation = operation;
    this.#place = place;
    this.#details = details;
  }

  get traceId(): string {
    return this.#place.traceId;
  }

  get spanId(): string {
    return this.#place.spanId;
  }

  get traceparent(): string {
    return formatTraceparent(this.#place);
  }

  end(error?: string): void {
    if (this.#kept !== null) return;
    this.#kept = isKept(this.#place, error, MAY_LAST.has(this.operation.method));
    record(serverDuration, this.operation, this.#place, { error, isKept: this.#kept });
    if (!this.#kept) return;
    makeSpan(this.#place, error, textOf(SpanKind.SERVER, this.operation, this.#details(), error));
    for (const make of this.#undecided) make();
  }

  startClient(attributes: () => Attributes): ClientOperation {
    const place = placeBelow(this.#place);
    return {
      traceparent: formatTraceparent(place),
      end: (error) => this.#endClient(place, attributes, error),
    };
  }

  /** An exchange is kept as a whole. */
  #endClient(place: Place, attributes: () => Attributes, error: string | undefined): void {
    const kept = this.#kept ?? isKept(place, error, MAY_LAST.has(this.operation.method));
    record(clientDuration, this.operation, place, { error, isKept: kept });
    const endedAt = performance.now();
    const make = () =>
      makeSpan(place, error, textOf(SpanKind.CLIENT, this.operation, { attributes: attributes() }, error), endedAt);
    if (kept) make();
    else if (this.#kept === null) this.#undecided.push(make);
  }
}

function record(
  metric: Histogram,
  { org, connector, method, target, protocolVersion }: Operation,
  place: Place,
  { error, isKept }: { error: Label; isKept: boolean },
): void {
  const seconds = (performance.now() - place.startedAt) / 1000;
  metric.record(seconds, isKept ? place : null, org, connector, method, target, protocolVersion, error);
}

function textOf(
  kind: SpanKind,
  operation: Operation,
  { attributes, ...details }: SpanDetails,
  error: string | undefined,
): SpanText {
  const { method, target, org, connector, protocolVersion } = operation;
  const described: Attributes = {
    ...{ "mcp.method.name": method, "mcp.protocol.version": protocolVersion, "network.transport": "tcp" },
    ...{ "network.protocol.name": "http", "gatehouse.org": org, "gatehouse.connector": connector },
    ...attributes,
  };
  if (method === "tools/call") described["gen_ai.operation.name"] = "execute_tool";
  if (target) described[method === "prompts/get" ? "gen_ai.prompt.name" : "gen_ai.tool.name"] = target;
  if (error && /^-?\d+$/.test(error)) described["rpc.response.status_code"] = error;
  return { name: target ? `${method} ${target}` : method, kind, attributes: described, ...details };
}
