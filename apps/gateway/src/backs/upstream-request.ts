import { encodeHeaderValue, mirroredValue } from "@gatehouse/mcp/headers";
import { isRequest } from "@gatehouse/mcp/message";
import type { Exchange } from "../exchange.ts";

const BASE = ["accept", "application/json, text/event-stream", "user-agent", "gatehouse"];
const WITH_BODY = [...BASE, "content-type", "application/json"];

/** Headers are made anew for the upstream; none of the client's is copied. */
export function upstreamHeaders(exchange: Exchange, traceparent: string): string[] {
  const { authorization, session, era, protocolVersion, message } = exchange;
  const headers = message === undefined ? [...BASE] : [...WITH_BODY];
  headers.push("traceparent", traceparent);
  if (authorization !== null) headers.push("authorization", authorization);
  if (era === "modern") pushModern(headers, exchange);
  else if (session) {
    headers.push("mcp-protocol-version", session.protocolVersion);
    if (session.upstreamId !== null) headers.push("mcp-session-id", session.upstreamId);
  } else headers.push("mcp-protocol-version", protocolVersion);
  return headers;
}

/** 2026-07-28, Streamable HTTP, Request Metadata. */
function pushModern(headers: string[], { message, protocolVersion, target, tool }: Exchange): void {
  headers.push("mcp-protocol-version", protocolVersion);
  if (!("method" in message)) return;
  headers.push("mcp-method", message.method);
  if (target !== undefined) headers.push("mcp-name", encodeHeaderValue(target));
  for (const parameter of tool?.mirrored ?? []) {
    const value = mirroredValue(message.params?.arguments, parameter);
    if (value !== undefined) headers.push(parameter.header, encodeHeaderValue(value));
  }
}

/** The client's bytes as they came; written anew only where they carry a trace that goes on here. */
export function upstreamBody({ bytes, message }: Exchange, traceparent: string): Buffer | string {
  const meta = "method" in message ? message.params?._meta : undefined;
  if (meta?.traceparent === undefined) return bytes;
  meta.traceparent = traceparent;
  return JSON.stringify(message);
}

/** Whether the answer may stay open for as long as the client likes. */
export function isLongLived({ message }: Exchange): boolean {
  return isRequest(message) && message.method === "subscriptions/listen";
}
