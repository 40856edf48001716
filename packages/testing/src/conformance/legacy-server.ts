import { setTimeout as pause } from "node:timers/promises";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import {
  type CallToolRequest,
  CallToolRequestSchema,
  CompleteRequestSchema,
  CreateMessageResultSchema,
  type ElicitRequestFormParams,
  ElicitResultSchema,
  ErrorCode,
  type GetPromptRequest,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
  type ServerNotification,
  type ServerRequest,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { CallToolResult } from "@modelcontextprotocol/server";
import {
  type Call,
  type FixtureTool,
  implementation,
  listPrompts,
  listTools,
  noCompletions,
  prompts,
  readResource,
  resources,
  resourceTemplates,
  say,
  stepMs,
  text,
  tools,
} from "./catalogue.ts";

/** Resource not found, as 2025-11-25 numbers it; the SDK has no name for it. */
const resourceNotFound = -32002;

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A call of the legacy era, whose tools may ask the client on the call's own stream. */
type LegacyCall = Call & Pick<Extra, "sendRequest">;

const legacyTools: Record<string, FixtureTool<LegacyCall>> = {
  ...tools,
  test_tool_with_logging: { description: "Logs three lines", run: logThreeLines },
  test_sampling: {
    description: "Asks the client's model",
    inputSchema: { type: "object", properties: { prompt: { type: "string" } }, required: ["prompt"] },
    run: ({ prompt }, call) => sample(String(prompt), call),
  },
  test_elicitation: {
    description: "Asks the user for an answer",
    inputSchema: { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
    run: ({ message }, call) =>
      elicit(String(message), { response: { type: "string", description: "The answer" } }, call),
  },
  test_elicitation_sep1034_defaults: {
    description: "Asks the user to review a form with a default in every field",
    run: (_args, call) => elicit("Review these fields", fieldsWithDefaults, call),
  },
  test_elicitation_sep1330_enums: {
    description: "Asks the user to choose, in each of the ways a choice can be described",
    run: (_args, call) => elicit("Choose", choices, call),
  },
};

type Fields = ElicitRequestFormParams["requestedSchema"]["properties"];

const fieldsWithDefaults: Fields = {
  name: { type: "string", default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};

const untitled = ["option1", "option2", "option3"];
const titled = ["value1", "value2", "value3"].map((value, at) => ({ const: value, title: `Choice ${at + 1}` }));

const choices: Fields = {
  untitledSingle: { type: "string", enum: untitled },
  titledSingle: { type: "string", oneOf: titled },
  legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["One", "Two", "Three"] },
  untitledMulti: { type: "array", items: { type: "string", enum: untitled } },
  titledMulti: { type: "array", items: { anyOf: titled } },
};

async function logThreeLines(_args: unknown, call: LegacyCall): Promise<CallToolResult> {
  for (const data of ["started", "halfway", "completed"]) {
    await call.notify({ method: "notifications/message", params: { level: "info", data } });
    await pause(stepMs);
  }
  return say("Three lines logged.");
}

async function sample(prompt: string, call: LegacyCall): Promise<CallToolResult> {
  const { content } = await call.sendRequest(
    {
      method: "sampling/createMessage",
      params: { messages: [{ role: "user", content: text(prompt) }], maxTokens: 100 },
    },
    CreateMessageResultSchema,
  );
  return say(`LLM response: ${content.type === "text" ? content.text : content.type}`);
}

async function elicit(message: string, properties: Fields, call: LegacyCall): Promise<CallToolResult> {
  const { action, content } = await call.sendRequest(
    { method: "elicitation/create", params: { message, requestedSchema: { type: "object", properties } } },
    ElicitResultSchema,
  );
  return say(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
}

/** One session's server. */
export function createLegacyServer(): Server {
  const server = new Server(implementation, {
    capabilities: { tools: {}, prompts: {}, resources: { subscribe: true }, logging: {}, completions: {} },
  });
  server.setRequestHandler(ListToolsRequestSchema, () => listTools(legacyTools));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => callTool(params, extra));
  server.setRequestHandler(ListPromptsRequestSchema, () => listPrompts(prompts));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }, extra) => getPrompt(params, extra));
  server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({ resourceTemplates }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readOrRefuse(params.uri));
  server.setRequestHandler(SubscribeRequestSchema, () => ({}));
  server.setRequestHandler(UnsubscribeRequestSchema, () => ({}));
  server.setRequestHandler(CompleteRequestSchema, () => noCompletions);
  return server;
}

function callTool({ name, arguments: args = {} }: CallToolRequest["params"], extra: Extra) {
  const tool = legacyTools[name];
  if (!tool) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${name}`);
  return tool.run(args, callOf(extra));
}

function getPrompt({ name, arguments: args = {} }: GetPromptRequest["params"], extra: Extra) {
  const prompt = prompts[name];
  if (!prompt) throw new McpError(ErrorCode.InvalidParams, `There is no prompt ${name}`);
  return prompt.render(args, callOf(extra));
}

function readOrRefuse(uri: string) {
  const found = readResource(uri);
  if (!found) throw new McpError(resourceNotFound, "There is no such resource", { uri });
  return found;
}

function callOf({ _meta, sendNotification, sendRequest }: Extra): LegacyCall {
  return { _meta, notify: (notification) => sendNotification(notification as ServerNotification), sendRequest };
}
