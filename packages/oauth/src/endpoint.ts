/** The address of an MCP endpoint: whose it is, and which connector. */
export interface EndpointAddress {
  org: string;
  connector: string;
}

const MCP_PATH = /^\/([a-z0-9](?:-?[a-z0-9]){1,38})\/([a-z0-9](?:-?[a-z0-9]){1,38})\/mcp\/?$/;

export const SCOPES = ["mcp:read", "mcp:write"] as const;

/** `null` for a path that is no MCP endpoint's, whether or not there is something at it. */
export function parseEndpointPath(path: string): EndpointAddress | null {
  const match = MCP_PATH.exec(path);
  return match ? { org: match[1]!, connector: match[2]! } : null;
}

/** The endpoint's one name, as `aud` has it. */
export function canonicalEndpoint(publicUrl: URL, { org, connector }: EndpointAddress): string {
  return `${publicUrl.origin}/${org}/${connector}/mcp`;
}
