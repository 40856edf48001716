import { LEGACY_VERSIONS, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import type { Params, Request, Response } from "@gatehouse/mcp/message";
import { toDiscoverResult, toLegacyResult, toModernResult } from "@gatehouse/mcp/translate";
import { rewriteResult } from "../backs/rewrite.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { ClientSession } from "../sessions.ts";
import type { LinkNeeded } from "./link-needed.ts";

/** What a client's session has at its upstream before its member has linked an account: the upstream has not been asked. */
export const UNOPENED = "unopened";

export const isUnopened = (session: ClientSession | null) => session?.upstreamId === UNOPENED;

/** What an upstream says that nobody may ask yet: that it has tools, and which, as they are stored here. */
export async function unlinkedResult(
  exchange: Exchange,
  { method, params }: Request,
  needed: LinkNeeded,
  { members }: Pick<Dependencies, "members">,
): Promise<Response["result"] | null> {
  if (method === "ping") return {};
  if (method === "initialize") return initialized(exchange, needed, params);
  if (method === "server/discover") return toDiscoverResult(initialized(exchange, needed), MODERN_VERSIONS);
  if (method === "tools/list") return toolList(exchange, await members.catalogue(exchange));
  return null;
}

function initialized({ connector }: Exchange, needed: LinkNeeded, params: Params = {}): Record<string, unknown> {
  const asked = String(params.protocolVersion);
  return {
    protocolVersion: LEGACY_VERSIONS.includes(asked) ? asked : LEGACY_VERSIONS[0],
    capabilities: { tools: {} },
    serverInfo: { name: connector.name, version: "0" },
    instructions: `${needed.message} before you use it.`,
  };
}

/** In the words of the era that the client speaks. */
function toolList(exchange: Exchange, tools: unknown[]): Record<string, unknown> {
  const { era, connector, session } = exchange;
  const result: Record<string, unknown> = { tools };
  rewriteResult(exchange, { jsonrpc: "2.0", id: 0, result });
  if (era === "modern") return toModernResult("tools/list", result);
  const { protocolVersion = LEGACY_VERSIONS[0]! } = session ?? {};
  return connector.era === "modern"
    ? toLegacyResult("tools/list", result, { protocolVersion, wrappedTool: false })
    : result;
}
