import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type CallToolRequest,
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  type GetPromptRequest,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  ResultSchema,
  type ServerNotification,
  type ServerRequest,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { ClientCapabilities } from "@modelcontextprotocol/server";
import { askingPrompts, askingTools } from "./asking.ts";
import {
  type Answers,
  type Asking,
  type Asks,
  type Call,
  implementation,
  listChangers,
  listPrompts,
  listTools,
  noCompletions,
  prompts,
  readResource,
  resources,
  resourceTemplates,
  tools,
} from "./catalogue.ts";

/** Resource not found, as 2025-11-25 numbers it; the SDK has no name for it. */
const resourceNotFound = -32002;

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** One session's server; what changes in the lists is told to all of `servers`, which it joins. */
export function createLegacyServer(servers: Set<Server>): Server {
  const capabilities = {
    tools: { listChanged: true },
    prompts: { listChanged: true },
    resources: { subscribe: true },
    logging: {},
    completions: {},
  };
  const server = new Server(implementation, { capabilities });
  servers.add(server);
  server.onclose = () => servers.delete(server);
  answerToolsAndPrompts(server, servers);
  answerTheRest(server);
  return server;
}

function answerToolsAndPrompts(server: Server, servers: Set<Server>): void {
  const plain = { ...tools, ...listChangers((list) => announce(servers, list)) };
  const client = () => (server.getClientCapabilities() ?? {}) as ClientCapabilities;
  server.setRequestHandler(ListToolsRequestSchema, () => listTools({ ...plain, ...askingTools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => callTool(plain, params, extra, client()));
  server.setRequestHandler(ListPromptsRequestSchema, () => listPrompts({ ...prompts, ...askingPrompts }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) => getPrompt(params, extra, client()));
}

function answerTheRest(server: Server): void {
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readOrRefuse(params.uri));
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, () => noCompletions);
}

/** Goes to the streams that clients hold open with GET. */
function announce(servers: Set<Server>, list: "tools" | "prompts"): void {
  for (const server of servers) void (list === "tools" ? server.sendToolListChanged() : server.sendPromptListChanged());
}

function callTool(
  plain: typeof tools,
  { name, arguments: args = {} }: CallToolRequest["params"],
  extra: Extra,
  client: ClientCapabilities,
) {
  const asking = askingTools[name];
  if (asking) return askRounds(asking, args, extra, client);
  const tool = plain[name];
  if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
  return tool.run(args, callOf(extra));
}

function getPrompt(
  { name, arguments: args = {} }: GetPromptRequest["params"],
  extra: Extra,
  client: ClientCapabilities,
) {
  const asking = askingPrompts[name];
  if (asking) return askRounds(asking, args, extra, client);
  const prompt = prompts[name];
  if (!prompt) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}`);
  return prompt.render(args);
}

function readOrRefuse(uri: string) {
  const found = readResource(uri);
  if (!found) throw new McpError(resourceNotFound, "There is no such resource", { uri });
  return found;
}

/** Asks the client on the stream of the request that needs the answers, which stays open meanwhile. */
async function askRounds<Result>(
  { rounds, conclude }: Asking<Result>,
  args: Record<string, unknown>,
  extra: Extra,
  client: ClientCapabilities,
): Promise<Result> {
  let answers: Answers = {};
  for (const asks of rounds(args, client)) answers = await askAtOnce(asks, extra);
  return conclude(answers);
}

async function askAtOnce(asks: Asks, { sendRequest }: Extra): Promise<Answers> {
  const answering = Object.entries(asks).map(
    async ([name, ask]) => [name, await sendRequest(ask as ServerRequest, ResultSchema)] as const,
  );
  return Object.fromEntries(await Promise.all(answering));
}

function callOf({ _meta, sendNotification }: Extra): Call {
  const notify: Call["notify"] = (notification) => sendNotification(notification as ServerNotification);
  return {
    _meta,
    notify,
    log: (level, data) => notify({ method: "notifications/message", params: { level, data } }),
  };
}
