/** The address of an MCP endpoint: whose it is, and which connector. */
export interface EndpointAddress {
  org: string;
  connector: string;
}

const PATH = /^\/([a-z0-9](?:-?[a-z0-9]){1,38})\/([a-z0-9](?:-?[a-z0-9]){1,38})\/(mcp|sse|messages)\/?$/;

export const SCOPES = ["mcp:read", "mcp:write"] as const;

/** What a static token may have in place of those: it opens the management API, and no endpoint. */
export const MANAGEMENT_SCOPES = ["manage:read", "manage:write"] as const;

/**
 * `null` for a path that is no MCP endpoint's, whether or not there is something at it. One endpoint has two addresses:
 * `mcp`, and `sse` for clients of the deprecated HTTP+SSE transport (2024-11-05).
 */
export function parseEndpointPath(path: string): EndpointAddress | null {
  const route = parseMcpPath(path);
  return route && route.kind !== "messages" ? route.address : null;
}

export interface McpRoute {
  address: EndpointAddress;
  /** `messages` is where clients of HTTP+SSE post to: no endpoint of its own, but a part of `sse`. */
  kind: "mcp" | "sse" | "messages";
}

/** `null` for a path at which MCP is not spoken. */
export function parseMcpPath(path: string): McpRoute | null {
  const match = PATH.exec(path);
  return match && { address: { org: match[1]!, connector: match[2]! }, kind: match[3] as McpRoute["kind"] };
}

/** The endpoint's one name, as `aud` has it. */
export function canonicalEndpoint(publicUrl: URL, { org, connector }: EndpointAddress): string {
  return `${publicUrl.origin}/${org}/${connector}/mcp`;
}
