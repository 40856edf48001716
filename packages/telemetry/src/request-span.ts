import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { context, SpanKind } from "@opentelemetry/api";
import { histogram } from "./metrics.ts";
import { beginPlace, contextOf, isKept, makeSpan, type Place, parseTraceparent } from "./spans.ts";

/** As the semantic conventions for HTTP have it. */
const duration = histogram({
  name: "http.server.request.duration",
  unit: "s",
  help: "Requests that are not calls of MCP",
  labels: ["http.request.method", "http.route", "http.response.status_code"],
  boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
});

/** Where the request that is being answered comes from, as the router says, and its trace. */
export interface RequestOrigin {
  address: string | undefined;
  traceId: string;
}

const origins = new AsyncLocalStorage<RequestOrigin>();

/** `undefined` where no request is being answered, as in jobs, and in calls of MCP. */
export const requestOrigin = (): RequestOrigin | undefined => origins.getStore();

/** A span for a request that is not a call of MCP. `route` is one of few, asked for in the end: it may hold nothing that a client makes up. */
export function traceRequest(
  request: IncomingMessage,
  response: ServerResponse,
  route: () => string,
  answer: () => void,
): void {
  const place = beginPlace(parseTraceparent(request.headers.traceparent as string | undefined));
  response.once("close", () => end(place, request.method!, route(), response.statusCode));
  const address = request.headers["x-forwarded-for"] as string | undefined;
  origins.run({ address, traceId: place.traceId }, () => context.with(contextOf(place), answer));
}

function end(place: Place, method: string, route: string, status: number): void {
  const error = status >= 500 ? String(status) : undefined;
  const kept = isKept(place, error);
  const seconds = (performance.now() - place.startedAt) / 1000;
  duration.record(seconds, kept ? place : null, method, route, String(status));
  if (!kept) return;
  const attributes = { "http.request.method": method, "http.route": route, "http.response.status_code": status };
  makeSpan(place, error, { name: `${method} ${route}`, kind: SpanKind.SERVER, attributes });
}

/** What people can name of a request: the id of its trace. */
export const incidentId = (): string => requestOrigin()?.traceId ?? randomBytes(16).toString("hex");
