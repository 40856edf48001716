import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import type { Request, Response } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import type { Exchange } from "../exchange.ts";

/**
 * What the gateway changes in a result, and nothing else: tools that are not offered are left out, what one member was
 * given is cached for nobody else, and only versions that this endpoint speaks are told. `true` where something changed.
 */
export function rewriteResult(exchange: Exchange, { result }: Response): boolean {
  if (!result) return false;
  const { method } = exchange.message as Request;
  let changed = false;
  if (method === "tools/list") changed = keepOffered(exchange, result);
  if (method === "server/discover") changed = keepModern(result);
  if (result.cacheScope === "public") {
    result.cacheScope = "private";
    changed = true;
  }
  return changed;
}

/** A stream that is read on from may bring an answer; what it answers, only its members tell. */
export function rewriteReplayed(exchange: Exchange, event: SseEvent): SseEvent {
  if (!event.data?.includes('"tools"')) return event;
  const message: Response = JSON.parse(event.data);
  const changed = message.result && keepOffered(exchange, message.result);
  return changed ? { ...event, data: JSON.stringify(message) } : event;
}

function keepOffered({ connector }: Exchange, result: Record<string, unknown>): boolean {
  if (!Array.isArray(result.tools)) return false;
  const offered = result.tools.filter((tool) => connector.tools.get(tool?.name)?.offered);
  if (offered.length === result.tools.length) return false;
  result.tools = offered;
  return true;
}

function keepModern(result: Record<string, unknown>): boolean {
  const { supportedVersions } = result;
  if (!Array.isArray(supportedVersions)) return false;
  result.supportedVersions = supportedVersions.filter((version) => MODERN_VERSIONS.includes(version));
  return true;
}
