import type { NewTool } from "@gatehouse/store/connectors";
import type { Classification, ToolDefinition } from "@gatehouse/store/tables";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

/**
 * What each tool of server-everything does, judged by its source. Those that are missing are not offered: `get-env` shows
 * its environment, and `gzip-file-as-resource` fetches whatever URL it is given.
 */
const CLASSIFICATIONS: Record<string, Classification> = {
  echo: "read",
  "get-annotated-message": "read",
  "get-resource-links": "read",
  "get-resource-reference": "read",
  "get-roots-list": "read",
  "get-structured-content": "read",
  "get-sum": "read",
  "get-tiny-image": "read",
  "simulate-research-query": "read",
  "trigger-long-running-operation": "read",
  // These change what the session does from then on.
  "toggle-simulated-logging": "write",
  "toggle-subscriber-updates": "write",
  // These make the client act: ask its person, or run its model.
  "trigger-elicitation-request": "write",
  "trigger-elicitation-request-async": "write",
  "trigger-sampling-request": "write",
  "trigger-sampling-request-async": "write",
  "trigger-url-elicitation": "write",
};

export interface DemoCatalogue {
  protocolVersion: string;
  serverName: string;
  tools: NewTool[];
}

/** As the server lists it to a client that can do everything; it keeps some tools from those that cannot. */
export async function readDemoCatalogue(url: string): Promise<DemoCatalogue> {
  const capabilities = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} }, tasks: TASKS };
  const client = new Client({ name: "gatehouse", version: "0.1.0" }, { capabilities });
  const transport = new StreamableHTTPClientTransport(new URL(url));
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    return {
      protocolVersion: client.getNegotiatedProtocolVersion() ?? "2025-11-25",
      serverName: client.getServerVersion()?.title ?? client.getServerVersion()?.name ?? "everything",
      tools: (tools as ToolDefinition[]).filter(({ name }) => CLASSIFICATIONS[name]).map(classify),
    };
  } finally {
    await transport.terminateSession();
    await client.close();
  }
}

const TASKS = { list: {}, cancel: {}, requests: { elicitation: { create: {} }, sampling: { createMessage: {} } } };

function classify(definition: ToolDefinition): NewTool {
  const { name } = definition;
  return { name, definition, classification: CLASSIFICATIONS[name] ?? null, offered: true };
}
