import type { ToolDefinition } from "@gatehouse/store/tables";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/** What a server of either era offers to anyone who asks. */
export async function listTools(url: URL): Promise<ToolDefinition[]> {
  const client = new Client({ name: "catalogue", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(url));
  const { tools } = await client.listTools();
  await client.close();
  return tools as ToolDefinition[];
}
