import { randomFillSync } from "node:crypto";
import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  type SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

// A span is made when what it tells of is over: whether to keep it is decided by how it went, and one that is not kept was
// never made. Until then there is its place in a trace, which logs, the audit and upstreams are told of.

export interface Sampling {
  /** Of the traces that begin here, and, unless `followsParent`, of those that clients began. */
  ratio: number;
  /** A client that has decided has decided for its whole trace. */
  followsParent: boolean;
  /** What took longer is kept, sampled or not. */
  slowMs: number;
}

/** `null` where nothing is exported. */
let sampling: Sampling | null = null;

export function sampleBy(given: Sampling | null): void {
  sampling = given;
}

export interface Place {
  traceId: string;
  spanId: string;
  /** As upstreams are told; an exchange that fails or is slow is kept besides. */
  sampled: boolean;
  parent: SpanContext | null;
  /** On the clock of `performance.now()`. */
  startedAt: number;
}

export interface SpanText {
  name: string;
  kind: SpanKind;
  attributes: Attributes;
  links?: Link[];
}

/** Below the parent, or at the beginning of a trace of its own. */
export function beginPlace(parent: SpanContext | null): Place {
  const ids = randomHex();
  const traceId = parent?.traceId ?? ids.slice(0, 32);
  const sampled = isSampled(parent, traceId);
  return { traceId, spanId: ids.slice(32), sampled, parent, startedAt: performance.now() };
}

export function placeBelow({ traceId, spanId, sampled }: Place): Place {
  const parent = { traceId, spanId, traceFlags: sampled ? 1 : 0 };
  return { traceId, spanId: randomHex().slice(32), sampled, parent, startedAt: performance.now() };
}

function isSampled(parent: SpanContext | null, traceId: string): boolean {
  if (parent && (!sampling || sampling.followsParent)) return (parent.traceFlags & 1) === 1;
  if (!sampling || sampling.ratio === 0) return false;
  return sampling.ratio === 1 || Number.parseInt(traceId.slice(-13), 16) < sampling.ratio * 2 ** 52;
}

/** What clients cause by themselves is no failure that anybody has to look into, and may come in floods. */
const CLIENTS_OWN = new Set([
  "rate_limited",
  "invalid_request",
  "invalid_params",
  "insufficient_scope",
  "not_found",
  "cancelled",
]);

/** So many a second that were not sampled, at most: where everything fails, nobody needs all of it. */
const KEPT_A_SECOND = 100;
let second = 0;
let keptInSecond = 0;

/** Whether a span that ends now is made. What `mayLast` is not slow, however long it was. */
export function isKept({ sampled, startedAt }: Place, error: string | undefined, mayLast = false): boolean {
  if (!sampling) return false;
  if (sampled) return true;
  const now = performance.now();
  const isSlow = !mayLast && now - startedAt > sampling.slowMs;
  const isRemarkable = isSlow || (error !== undefined && !CLIENTS_OWN.has(error));
  if (!isRemarkable) return false;
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    keptInSecond = 0;
  }
  return ++keptInSecond <= KEPT_A_SECOND;
}

/** What the next span is called by; the SDK asks for it while the span is made. */
let next: Place | null = null;

export const idsOfPlaces = {
  generateTraceId: () => next?.traceId ?? randomHex().slice(0, 32),
  generateSpanId: () => next?.spanId ?? randomHex().slice(32),
};

export function makeSpan(place: Place, error: string | undefined, text: SpanText, endedAt = performance.now()): void {
  const { name, ...options } = text;
  const parent = place.parent ? trace.setSpanContext(ROOT_CONTEXT, place.parent) : ROOT_CONTEXT;
  const startTime = performance.timeOrigin + place.startedAt;
  next = place;
  const span = trace.getTracer("gatehouse").startSpan(name, { ...options, startTime }, parent);
  next = null;
  if (error !== undefined) {
    span.setAttribute("error.type", error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(performance.timeOrigin + endedAt);
}

/** For what logs within the operation, and for libraries that ask whose work they do. */
export function contextOf({ traceId, spanId, sampled }: Place) {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: sampled ? 1 : 0 });
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** W3C Trace Context, `traceparent`; `null` for what is none, which is then ignored. */
export function parseTraceparent(text: string | undefined): SpanContext | null {
  const match = text ? TRACEPARENT.exec(text) : null;
  if (!match) return null;
  const context = { traceId: match[1]!, spanId: match[2]!, traceFlags: Number.parseInt(match[3]!, 16), isRemote: true };
  return trace.isSpanContextValid(context) ? context : null;
}

export function formatTraceparent({ traceId, spanId, sampled }: Place): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

const IDS_BYTES = 16 + 8;
const IDS = Buffer.alloc(IDS_BYTES * 128);
let used = IDS.length;

/** A trace's id and a span's. Randomness is fetched for many at once: it is the fetching that costs. */
function randomHex(): string {
  if (used === IDS.length) {
    randomFillSync(IDS);
    used = 0;
  }
  used += IDS_BYTES;
  return IDS.toString("hex", used - IDS_BYTES, used);
}
