import { applyEdits } from "@gatehouse/connectors/choice/edits";
import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import type { Request, Response } from "@gatehouse/mcp/message";
import type { SseEvent } from "@gatehouse/mcp/sse";
import type { Exchange } from "../exchange.ts";
import { mayUse } from "../may-use.ts";

/**
 * What the gateway changes in a result, and nothing else: tools that are not offered to this member are left out, those that
 * the owner has edited are shown as edited, what one member was
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

/** Whether more of a result has to be known than its own members. */
export function isRewritten({ message }: Exchange): boolean {
  const { method } = message as Request;
  return method === "tools/list" || method === "server/discover";
}

/** A stream that is read on from may bring an answer; what it answers, only its members tell. */
export function rewriteReplayed(exchange: Exchange, event: SseEvent): SseEvent {
  if (!event.data?.includes('"tools"')) return event;
  const message: Response = JSON.parse(event.data);
  const changed = message.result && keepOffered(exchange, message.result);
  return changed ? { ...event, data: JSON.stringify(message) } : event;
}

function keepOffered({ org, token, connector }: Exchange, result: Record<string, unknown>): boolean {
  if (!Array.isArray(result.tools)) return false;
  let changed = false;
  const offered = result.tools.flatMap((tool) => {
    const policy = connector.upstreamTools.get(tool?.name);
    const isOffered = policy?.offered && mayUse(org, token, policy.openTo);
    if (isOffered && policy.edits === null) return [tool];
    changed = true;
    return isOffered ? [applyEdits(tool, policy.edits)] : [];
  });
  result.tools = offered;
  return changed;
}

function keepModern(result: Record<string, unknown>): boolean {
  const { supportedVersions } = result;
  if (!Array.isArray(supportedVersions)) return false;
  result.supportedVersions = supportedVersions.filter((version) => MODERN_VERSIONS.includes(version));
  return true;
}
