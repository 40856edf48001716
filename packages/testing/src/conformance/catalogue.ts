import { setTimeout as pause } from "node:timers/promises";
import type {
  CallToolResult,
  GetPromptResult,
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
}

export interface FixtureTool<C extends Call, Result = CallToolResult> {
  description: string;
  inputSchema?: JsonObjectSchema;
  run(args: Record<string, unknown>, call: C): Result | Promise<Result>;
}

export interface FixturePrompt<C extends Call, Result = GetPromptResult> {
  description: string;
  arguments?: Prompt["arguments"];
  render(args: Record<string, string>, call: C): Result;
}

export const anyArguments: JsonObjectSchema = { type: "object" };

export const implementation = { name: "gatehouse-conformance-fixture", version: "1.0.0" };

/** The pace of tools that report on the way to their result, so that their reports leave one by one. */
export const stepMs = 50;

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

export const tools: Record<string, FixtureTool<Call>> = {
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

export function listTools<C extends Call, Result>(offered: Record<string, FixtureTool<C, Result>>): { tools: Tool[] } {
  return {
    tools: Object.entries(offered).map(([name, { description, inputSchema = anyArguments }]) => ({
      name,
      description,
      inputSchema,
    })),
  };
}

export const prompts: Record<string, FixturePrompt<Call>> = {
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

export function listPrompts<C extends Call, Result>(
  offered: Record<string, FixturePrompt<C, Result>>,
): { prompts: Prompt[] } {
  return {
    prompts: Object.entries(offered).map(([name, { render: _, ...described }]) => ({ name, ...described })),
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
