import type { Egress, FetchedAnswer } from "@gatehouse/egress/egress";
import { SESSION } from "@gatehouse/egress/limits";
import type { Response } from "@gatehouse/mcp/message";
import { readSse } from "@gatehouse/mcp/sse";
import type { Exchange } from "../exchange.ts";
import { address, type Outbound, targetOf } from "./upstream-request.ts";

/** One small exchange with the upstream that no client asked for: opening and ending sessions, replies to asks. */
export function fetchUpstream(
  method: "POST" | "DELETE",
  exchange: Exchange,
  outbound: Outbound,
  egress: Egress,
): Promise<FetchedAnswer> {
  const { origin, ...target } = targetOf(exchange);
  const { path, headers } = address(exchange, outbound, exchange.operation.traceparent);
  return egress.fetch(new URL(path, origin), {
    ...target,
    method,
    headers: toRecord(headers),
    ...(outbound.message ? { body: JSON.stringify(outbound.message) } : {}),
    ...SESSION,
    enough: holdsResponse(),
  });
}

/** Some servers leave a stream open after its response. */
function holdsResponse(): (chunk: Buffer) => boolean {
  let isThere = false;
  const reader = readSse(({ data }) => {
    isThere ||= data !== undefined && asResponse(data) !== null;
  }, SESSION.bytesMax);
  return (chunk) => {
    reader.read(chunk);
    return isThere;
  };
}

export function toRecord(flat: string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at]!] = flat[at + 1]!;
  return record;
}

/** The response in a JSON or event-stream answer; `null` where there is none, or not yet. */
export function responseIn(body: Buffer): Response | null {
  const text = body.toString();
  if (text.trimStart().startsWith("{")) return asResponse(text);
  let found: Response | null = null;
  readSse(({ data }) => {
    found ??= data ? asResponse(data) : null;
  }, SESSION.bytesMax).read(body);
  return found;
}

function asResponse(text: string): Response | null {
  try {
    const message = JSON.parse(text);
    return message.result !== undefined || message.error !== undefined ? message : null;
  } catch {
    return null;
  }
}
