import {
  type CallToolResult,
  fromJsonSchema,
  type GetPromptRequest,
  type InputRequiredResult,
  type JsonSchemaType,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type ServerEventBus,
} from "@modelcontextprotocol/server";
import { askingPrompts, askingTools } from "./asking.ts";
import {
  anyArguments,
  type FixtureTool,
  implementation,
  listChangers,
  listPrompts,
  noCompletions,
  prompts,
  readResource,
  resources,
  resourceTemplates,
  tools,
} from "./catalogue.ts";
import { askOrConclude, type ModernCall, type RoundState } from "./modern-rounds.ts";

/** What outlives a request, where a server lives for one request only. */
export interface ModernDeps {
  state: RoundState;
  /** Where `subscriptions/listen` hears of changes. */
  bus: ServerEventBus;
}

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
export function modernServers({ state, bus }: ModernDeps): () => McpServer {
  const offered = Object.entries(modernTools(state, bus)).map(([name, tool]) => ({ name, ...tool }));
  return () => {
    const mcp = new McpServer(implementation, { capabilities, cacheHints, requestState: { verify: state.verify } });
    for (const { name, run, ...described } of offered)
      mcp.registerTool(name, described, (args, { mcpReq }) => run(args, mcpReq));
    answerTheRest(mcp.server, state);
    return mcp;
  };
}

type Run = (
  args: Record<string, unknown>,
  call: ModernCall,
) => CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>;

function modernTools(state: RoundState, bus: ServerEventBus) {
  const plain = { ...tools, ...listChangers((list) => bus.publish({ kind: `${list}_list_changed` })) };
  const entries: [string, ReturnType<typeof describe> & { run: Run }][] = [];
  for (const [name, tool] of Object.entries(plain)) entries.push([name, { ...describe(tool), run: tool.run }]);
  for (const [name, tool] of Object.entries(askingTools)) {
    const run: Run = (args, call) => askOrConclude(tool, args, call, state);
    entries.push([name, { ...describe(tool), run }]);
  }
  return Object.fromEntries(entries);
}

function describe({ description, inputSchema = anyArguments }: Pick<FixtureTool, "description" | "inputSchema">) {
  return { description, inputSchema: fromJsonSchema<Record<string, unknown>>(inputSchema as JsonSchemaType) };
}

function answerTheRest(server: McpServer["server"], state: RoundState): void {
  server.setRequestHandler("prompts/list", () => listPrompts({ ...prompts, ...askingPrompts }));
  server.setRequestHandler("prompts/get", ({ params }, { mcpReq }) => getPrompt(params, mcpReq, state));
  server.setRequestHandler("resources/list", () => ({ resources }));
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates }));
  server.setRequestHandler("resources/read", ({ params }) => readOrRefuse(params.uri));
  server.setRequestHandler("completion/complete", () => noCompletions);
}

function getPrompt({ name, arguments: args = {} }: GetPromptRequest["params"], call: ModernCall, state: RoundState) {
  const asking = askingPrompts[name];
  if (asking) return askOrConclude(asking, args, call, state);
  const prompt = prompts[name];
  if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${name}`);
  return prompt.render(args);
}

function readOrRefuse(uri: string) {
  const found = readResource(uri);
  if (!found) throw new ResourceNotFoundError(uri);
  return found;
}
