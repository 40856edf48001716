import { Fault } from "@gatehouse/faults";
import type { Message } from "./message.ts";

export type Era = "legacy" | "modern";

export const MODERN_VERSIONS: readonly string[] = ["2026-07-28"];
/** Of Streamable HTTP; the newest first. */
export const LEGACY_VERSIONS: readonly string[] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/** Of the deprecated HTTP+SSE transport; some servers of Streamable HTTP still name it. */
export const HTTP_SSE_VERSION = "2024-11-05";
/** What a legacy request without `MCP-Protocol-Version` speaks (2025-11-25, Protocol Version Header). */
export const ASSUMED_LEGACY_VERSION = "2025-03-26";

/** What a legacy session speaks: one of those that there are, whatever was said. */
export function legacyVersionOf(said: unknown): string {
  const spoken = [...LEGACY_VERSIONS, HTTP_SSE_VERSION];
  return spoken.find((version) => version === said) ?? LEGACY_VERSIONS[0]!;
}

/** The only version that has JSON-RPC batches (2025-03-26, Batching). */
export const BATCHED_VERSION = "2025-03-26";

/** The modern era's extension for tasks, which 2025-11-25 has as a capability of its own. */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

/** Members of a modern request's `_meta` (2026-07-28, basic/index, `_meta`). */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  serverInfo: "io.modelcontextprotocol/serverInfo",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
} as const;

/**
 * Modern is what carries the modern envelope, or, having no envelope, says so in its header and does not open with
 * `initialize`; everything else is legacy.
 */
export function eraOf(message: Message, protocolVersionHeader: string | undefined): Era {
  if (!("method" in message)) return "legacy";
  if (message.params?._meta?.[META.protocolVersion] !== undefined) return "modern";
  if (message.method === "initialize") return "legacy";
  return MODERN_VERSIONS.includes(protocolVersionHeader ?? "") ? "modern" : "legacy";
}

/** -32022, with what is supported and what was asked for (2026-07-28, Versioning). */
export function unsupportedVersion(requested: string, supported: readonly string[]): Fault {
  const data = { supported, requested };
  return new Fault(
    "unsupported_protocol_version",
    `The protocol version ${requested} is not spoken here; these are: ${supported.join(", ")}`,
    { data },
  );
}
