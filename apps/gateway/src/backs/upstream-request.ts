import { withQuery } from "@gatehouse/credentials/present";
import type { Target } from "@gatehouse/egress/egress";
import type { Era } from "@gatehouse/mcp/eras";
import { encodeHeaderValue, mirroredValue, targetOf as nameOf } from "@gatehouse/mcp/headers";
import { isRequest, type Message } from "@gatehouse/mcp/message";
import type { Exchange } from "../exchange.ts";

/** One message on its way to the upstream, in the upstream's era. */
export interface Outbound {
  era: Era;
  protocolVersion: string;
  /** Of the upstream's session; `null` where there is none. */
  sessionId: string | null;
  /** `null` for a GET or DELETE. */
  message: Message | null;
  /** The message as the client sent it, where it goes on unchanged. */
  bytes: Buffer | null;
}

const BASE = ["accept", "application/json, text/event-stream", "user-agent", "gatehouse"];
const WITH_BODY = [...BASE, "content-type", "application/json"];

/** What the client sent, for an upstream of its own era. */
export function unchanged({ era, protocolVersion, session, message, bytes, isEdited }: Exchange): Outbound {
  return {
    era,
    protocolVersion: session?.protocolVersion ?? protocolVersion,
    sessionId: session?.upstreamId ?? null,
    message: message ?? null,
    bytes: isEdited ? null : bytes,
  };
}

/** Where a request goes, and its headers. */
export interface Addressed {
  /** With its query. */
  path: string;
  headers: string[];
}

/** What opens the upstream is opened here. */
export function address(
  exchange: Exchange,
  outbound: Outbound,
  traceparent: string,
  path = exchange.connector.path,
): Addressed {
  const headers = upstreamHeaders(exchange, outbound, traceparent);
  if (exchange.opening === null) return { path, headers };
  const presented = exchange.opening.present();
  headers.push(...presented.headers);
  return { path: withQuery(path, presented.query), headers };
}

/** Whose connections it takes. */
export function targetOf({ connector, opening }: Exchange): Target {
  const { id, origin, egressException: exception } = connector;
  return { origin, exception, boundary: opening?.boundary ?? id, tls: opening?.tls };
}

/** Headers are made anew for the upstream; none of the client's is copied. */
function upstreamHeaders(exchange: Exchange, outbound: Outbound, traceparent: string): string[] {
  const { era, protocolVersion, sessionId, message } = outbound;
  const headers = message === null ? [...BASE] : [...WITH_BODY];
  headers.push("traceparent", traceparent, "mcp-protocol-version", protocolVersion);
  if (sessionId !== null) headers.push("mcp-session-id", sessionId);
  if (era === "modern" && message) pushMirrored(headers, exchange, message);
  return headers;
}

/** 2026-07-28, Streamable HTTP, Request Metadata. */
function pushMirrored(headers: string[], { tool }: Exchange, message: Message): void {
  if (!("method" in message)) return;
  headers.push("mcp-method", message.method);
  const target = isRequest(message) ? nameOf(message) : undefined;
  if (target !== undefined) headers.push("mcp-name", encodeHeaderValue(target));
  for (const parameter of tool?.mirrored ?? []) {
    const value = mirroredValue(message.params?.arguments, parameter);
    if (value !== undefined) headers.push(parameter.header, encodeHeaderValue(value));
  }
}

/** The client's bytes as they came; written anew only where they were changed, or carry a trace that goes on here. */
export function upstreamBody({ bytes, message }: Outbound, traceparent: string): Buffer | string {
  const meta = message && "method" in message ? message.params?._meta : undefined;
  if (meta?.traceparent !== undefined) meta.traceparent = traceparent;
  else if (bytes) return bytes;
  return JSON.stringify(message);
}

/**
 * What tells a legacy upstream that nobody waits for its answer any more. `null` where there is nothing to tell: opening a
 * session is not cancelled, and a task is by its own verb (2025-11-25, Cancellation).
 */
export function cancellationOf(outbound: Outbound): Outbound | null {
  const { era, message } = outbound;
  if (era === "modern" || message === null || !isRequest(message)) return null;
  if (message.method === "initialize" || message.params?.task !== undefined) return null;
  const params = { requestId: message.id, reason: "The answer is not waited for any longer" };
  return { ...outbound, message: { jsonrpc: "2.0", method: "notifications/cancelled", params }, bytes: null };
}

/** Whether the answer may stay open for as long as the client likes. */
export function isListen(message: Message | null): boolean {
  return message !== null && isRequest(message) && message.method === "subscriptions/listen";
}

/** As the semantic conventions name a server. */
export function addressOf({ origin }: Exchange["connector"]): { "server.address": string; "server.port": number } {
  const { hostname, port, protocol } = new URL(origin);
  return { "server.address": hostname, "server.port": Number(port) || (protocol === "https:" ? 443 : 80) };
}
