import { setTimeout as pause } from "node:timers/promises";
import type {
  CallToolResult,
  ClientCapabilities,
  GetPromptResult,
  InputRequest,
  Notification,
  Prompt,
  ReadResourceResult,
  Tool,
} from "@modelcontextprotocol/server";

type JsonObjectSchema = Tool["inputSchema"];

/** What a tool may use of the request that calls it, whichever era brought it. */
export interface Call {
  _meta?: { progressToken?: string | number | undefined } | undefined;
  notify(notification: Notification): Promise<void>;
  log(level: "info", line: string): Promise<void>;
}

interface DescribedTool {
  description: string;
  inputSchema?: JsonObjectSchema;
}

interface DescribedPrompt {
  description: string;
  arguments?: Prompt["arguments"];
}

export interface FixtureTool extends DescribedTool {
  run(args: Record<string, unknown>, call: Call): CallToolResult | Promise<CallToolResult>;
}

export interface FixturePrompt extends DescribedPrompt {
  render(args: Record<string, string>): GetPromptResult;
}

/** Something that needs answers of the client's before it has a result: each era asks in its own words. */
export interface Asking<Result> {
  /** Round by round, each of which needs all of its answers; what can be asked depends on what the client can do. */
  rounds(args: Record<string, unknown>, client: ClientCapabilities): Asks[];
  /** The client carries a state from round to round, without which no answer counts. */
  withState?: boolean;
  /** The result, from the answers of the last round. */
  conclude(answers: Answers): Result;
}

export type Asks = Record<string, InputRequest>;
/** What the client answered, by the name of what it was asked. */
export type Answers = Record<string, unknown>;
export type AskingTool = DescribedTool & Asking<CallToolResult>;
export type AskingPrompt = DescribedPrompt & Asking<GetPromptResult>;

export const anyArguments: JsonObjectSchema = { type: "object" };

export const implementation = { name: "gatehouse-conformance-fixture", version: "1.0.0" };

/** The pace of tools that report on the way to their result, so that their reports leave one by one. */
const stepMs = 50;

/** A red PNG of one pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
/** A WAV header with no samples behind it. */
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

export function text(value: string): { type: "text"; text: string } {
  return { type: "text", text: value };
}

export function say(value: string): CallToolResult {
  return { content: [text(value)] };
}

const image = { type: "image" as const, data: png, mimeType: "image/png" };

function embedded(uri: string, mimeType: string, content: string) {
  return { type: "resource" as const, resource: { uri, mimeType, text: content } };
}

export const tools: Record<string, FixtureTool> = {
  test_simple_text: {
    description: "Answers with one line of text",
    run: () => say("This is a simple text response for testing."),
  },
  test_image_content: {
    description: "Answers with an image",
    run: () => ({ content: [image] }),
  },
  test_audio_content: {
    description: "Answers with a sound",
    run: () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] }),
  },
  test_embedded_resource: {
    description: "Answers with a resource inside",
    run: () => ({ content: [embedded("test://embedded-resource", "text/plain", "An embedded resource.")] }),
  },
  test_multiple_content_types: {
    description: "Answers with text, an image and a resource",
    run: () => ({
      content: [text("Three kinds of content:"), image, embedded("test://mixed", "application/json", '{"mixed":true}')],
    }),
  },
  test_error_handling: {
    description: "Always fails",
    run: () => ({ ...say("This tool fails on purpose."), isError: true }),
  },
  test_tool_with_progress: {
    description: "Reports its progress in three steps",
    run: reportProgress,
  },
  test_tool_with_logging: {
    description: "Logs three lines",
    run: logThreeLines,
  },
  test_logging_tool: {
    description: "Logs a line for the clients that want it",
    run: logOneLine,
  },
  test_x_mcp_header: {
    description: "Takes a region that the client repeats in a header",
    inputSchema: {
      type: "object",
      properties: { region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } },
    },
    run: ({ region }) => say(`region=${region}`),
  },
  json_schema_2020_12_tool: {
    description: "Takes an address, described with much of JSON Schema 2020-12",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: {
          $anchor: "addressDef",
          type: "object",
          properties: { street: { type: "string" }, city: { type: "string" } },
        },
      },
      properties: {
        name: { type: "string" },
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: { type: "string" },
        email: { type: "string" },
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
    run: (args) => say(JSON.stringify(args)),
  },
};

async function reportProgress(_args: unknown, call: Call): Promise<CallToolResult> {
  const progressToken = call._meta?.progressToken;
  for (const progress of [0, 50, 100]) {
    if (progress > 0) await pause(stepMs);
    if (progressToken !== undefined)
      await call.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
  }
  return say("Three steps done.");
}

async function logThreeLines(_args: unknown, call: Call): Promise<CallToolResult> {
  for (const line of ["started", "halfway", "completed"]) {
    await call.log("info", line);
    await pause(stepMs);
  }
  return say("Three lines logged.");
}

async function logOneLine(_args: unknown, call: Call): Promise<CallToolResult> {
  await call.log("info", "A line");
  return say("One line logged.");
}

/** No list does change: it is the news of it that these two bring about. */
export function listChangers(announce: (list: "tools" | "prompts") => void): Record<string, FixtureTool> {
  const changer = (list: "tools" | "prompts"): FixtureTool => ({
    description: `Tells those who listen that the ${list} have changed`,
    run() {
      announce(list);
      return say("Told.");
    },
  });
  return { test_trigger_tool_change: changer("tools"), test_trigger_prompt_change: changer("prompts") };
}

export function listTools(offered: Record<string, DescribedTool>): { tools: Tool[] } {
  return {
    tools: Object.entries(offered).map(([name, { description, inputSchema = anyArguments }]) => ({
      name,
      description,
      inputSchema,
    })),
  };
}

export const prompts: Record<string, FixturePrompt> = {
  test_simple_prompt: {
    description: "Says one thing",
    render: () => fromUser(text("This is a simple prompt for testing.")),
  },
  test_prompt_with_arguments: {
    description: "Says its two arguments",
    arguments: [
      { name: "arg1", required: true },
      { name: "arg2", required: true },
    ],
    render: ({ arg1, arg2 }) => fromUser(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    description: "Says what to do with a resource",
    arguments: [{ name: "resourceUri", required: true }],
    render: ({ resourceUri = "" }) =>
      fromUser(embedded(resourceUri, "text/plain", "An embedded resource."), text("Process the resource above.")),
  },
  test_prompt_with_image: {
    description: "Says what to do with an image",
    render: () => fromUser(image, text("Analyse the image above.")),
  },
};

export function fromUser(...contents: GetPromptResult["messages"][number]["content"][]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: "user", content })) };
}

export function listPrompts(offered: Record<string, DescribedPrompt>): { prompts: Prompt[] } {
  return {
    prompts: Object.entries(offered).map(([name, { description, arguments: args }]) => ({
      name,
      description,
      ...(args && { arguments: args }),
    })),
  };
}

export const resources = [
  { uri: "test://static-text", name: "static-text", mimeType: "text/plain" },
  { uri: "test://static-binary", name: "static-binary", mimeType: "image/png" },
  { uri: "test://watched-resource", name: "watched-resource", mimeType: "text/plain" },
];

export const resourceTemplates = [
  { uriTemplate: "test://template/{id}/data", name: "template", mimeType: "application/json" },
];

/** `null` where there is no such resource: each era says so in its own code. */
export function readResource(uri: string): ReadResourceResult | null {
  if (uri === "test://static-binary") return { contents: [{ uri, mimeType: "image/png", blob: png }] };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  if (id) return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify({ id }) }] };
  if (!resources.some((resource) => resource.uri === uri)) return null;
  return { contents: [{ uri, mimeType: "text/plain", text: `The text of ${uri}` }] };
}

export const noCompletions = { completion: { values: [], total: 0, hasMore: false } };
