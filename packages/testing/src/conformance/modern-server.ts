import {
  fromJsonSchema,
  type GetPromptRequest,
  type JsonSchemaType,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from "@modelcontextprotocol/server";
import {
  anyArguments,
  implementation,
  listPrompts,
  noCompletions,
  readResource,
  resources,
  resourceTemplates,
} from "./catalogue.ts";
import { type ModernCall, type ModernDeps, type ModernTools, modernPrompts, modernTools } from "./modern-tools.ts";

const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: {},
  logging: {},
  completions: {},
};

const cacheHint = { ttlMs: 60_000, cacheScope: "public" } as const;

const cacheHints = {
  "server/discover": cacheHint,
  "tools/list": cacheHint,
  "prompts/list": cacheHint,
  "resources/list": cacheHint,
  "resources/templates/list": cacheHint,
  "resources/read": cacheHint,
};

/** Makes a server for each request. */
export function modernServers(deps: ModernDeps): () => McpServer {
  const offered = Object.entries(modernTools(deps)).map(([name, tool]) => ({ name, tool, described: describe(tool) }));
  return () => {
    const mcp = new McpServer(implementation, {
      capabilities,
      cacheHints,
      requestState: { verify: deps.state.verify },
    });
    for (const { name, tool, described } of offered)
      mcp.registerTool(name, described, (args, { mcpReq }) => tool.run(args, mcpReq));
    answerTheRest(mcp.server);
    return mcp;
  };
}

function describe({ description, inputSchema = anyArguments }: ModernTools[string]) {
  return { description, inputSchema: fromJsonSchema<Record<string, unknown>>(inputSchema as JsonSchemaType) };
}

function answerTheRest(server: McpServer["server"]): void {
  server.setRequestHandler("prompts/list", () => listPrompts(modernPrompts));
  server.setRequestHandler("prompts/get", ({ params }, { mcpReq }) => getPrompt(params, mcpReq));
  server.setRequestHandler("resources/list", () => ({ resources }));
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates }));
  server.setRequestHandler("resources/read", ({ params }) => readOrRefuse(params.uri));
  server.setRequestHandler("completion/complete", () => noCompletions);
}

function getPrompt({ name, arguments: args = {} }: GetPromptRequest["params"], call: ModernCall) {
  const prompt = modernPrompts[name];
  if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name}`);
  return prompt.render(args, call);
}

function readOrRefuse(uri: string) {
  const found = readResource(uri);
  if (!found) throw new ResourceNotFoundError(uri);
  return found;
}
