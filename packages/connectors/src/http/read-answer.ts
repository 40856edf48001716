import { STATUS_CODES } from "node:http";
import type { Json, JsonObject } from "../openapi/pointer.ts";
import { argumentsProblem } from "./check-arguments.ts";
import { dropFields, type FieldPath } from "./project.ts";
import { shrink } from "./shrink.ts";

export interface ApiAnswer {
  status: number;
  contentType: string;
  body: Buffer;
  /** The body was longer than what is read of it. */
  isCut: boolean;
}

export interface ToolResult {
  content: Content[];
  structuredContent?: Json;
  isError?: true;
}

type Content =
  | { type: "text"; text: string }
  | { type: "image" | "audio"; data: string; mimeType: string }
  | { type: "resource"; resource: { uri: string; mimeType: string; blob: string } };

export interface Answered {
  /** Members of a JSON answer that the owner has dropped. */
  dropped: readonly FieldPath[];
  outputSchema: JsonObject | undefined;
  /** The tool's arguments, some of which may ask for less. */
  argumentNames: readonly string[];
}

/** About 25,000 tokens, beyond which clients cut an answer themselves, and blindly. */
export const ANSWER_CHARACTERS_MAX = 100_000;
const ERROR_CHARACTERS_MAX = 4000;
const ASKS_FOR_LESS =
  /page|limit|size|count|first|last|top|take|offset|cursor|after|before|since|until|from|to$|filter|fields|select|query|^q$|search/i;

/** What the API has answered, as the result of a tool: errors too, so that the model can do better. */
export function readAnswer(answer: ApiAnswer, tool: Answered): ToolResult {
  const { status, contentType, body } = answer;
  const type = contentType.split(";", 1)[0]!.trim().toLowerCase();
  if (status >= 400) return failed(answer, type);
  if (status >= 300) return failure(`The API answered ${named(status)}, a redirect, which is not followed.`);
  if (body.length === 0) return withText(`The API answered ${named(status)}, without content.`, tool);
  if (/^application\/json$|\+json$/.test(type)) return readJson(answer, tool);
  if (isText(type)) return withText(cutText(body.toString("utf8"), answer.isCut, tool), tool);
  if (answer.isCut) return failure(`The answer (${type}) is too large to be passed on.${hint(tool)}`);
  return binary(type, body, tool);
}

const named = (status: number) => `${status} ${STATUS_CODES[status] ?? ""}`.trim();
const isText = (type: string) =>
  /^text\/|[/+](xml|yaml|x-yaml|javascript|csv|x-ndjson|jsonlines|graphql)$|^application\/x-www-form-urlencoded$|^$/.test(
    type,
  );

function failure(text: string): ToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

/** Where the tool promises structure there is none to give: a client would refuse the result if it were no error. */
function withText(text: string, { outputSchema }: Answered): ToolResult {
  const content: Content[] = [{ type: "text", text }];
  return outputSchema ? { content, ...emptyStructure(outputSchema) } : { content };
}

function emptyStructure(outputSchema: JsonObject): Pick<ToolResult, "structuredContent" | "isError"> {
  const none = argumentsProblem(outputSchema, null) === null ? null : {};
  return argumentsProblem(outputSchema, none) === null ? { structuredContent: none } : { isError: true };
}

function failed({ status, body }: ApiAnswer, type: string): ToolResult {
  const said = /json$/.test(type) || isText(type) ? body.toString("utf8").slice(0, ERROR_CHARACTERS_MAX) : "";
  const text = /html/.test(type)
    ? said
        .replace(/<(script|style)[\s\S]*?<\/\1>|<[^>]*>/gi, " ")
        .replace(/\s+/g, " ")
        .trim()
    : said;
  const message = messageOf(text);
  return failure(
    `The API answered ${named(status)}${message ? `: ${message}` : "."}${text && text !== message ? `\n${text}` : ""}`,
  );
}

/** Where APIs are used to say what is wrong; RFC 9457 among others. */
function messageOf(text: string): string {
  try {
    const { detail, message, error_description: described, error, title } = JSON.parse(text);
    const inner = typeof error === "object" && error !== null ? error.message : error;
    return [detail, message, described, inner, title].find((value) => typeof value === "string" && value) ?? "";
  } catch {
    return "";
  }
}

function readJson(answer: ApiAnswer, tool: Answered): ToolResult {
  const text = answer.body.toString("utf8");
  if (answer.isCut) return failure(`${cutText(text, true, tool)}`);
  let value: Json;
  try {
    value = dropFields(JSON.parse(text), tool.dropped);
  } catch {
    return failure(`The API said that this is JSON, and it is not:\n${text.slice(0, ERROR_CHARACTERS_MAX)}`);
  }
  const whole = JSON.stringify(value);
  if (whole.length <= ANSWER_CHARACTERS_MAX) return structured(value, whole, [], tool);
  const { value: shrunk, cuts } = shrink(value, ANSWER_CHARACTERS_MAX);
  const note = `The answer has ${whole.length} characters and is cut: ${cuts.join("; ")}.${hint(tool)}`;
  return structured(shrunk, JSON.stringify(shrunk), [{ type: "text", text: note }], tool);
}

function structured(value: Json, text: string, notes: Content[], { outputSchema }: Answered): ToolResult {
  const content: Content[] = [...notes, { type: "text", text }];
  if (!outputSchema) return { content, structuredContent: value };
  const problem = argumentsProblem(outputSchema, value);
  if (problem === null) return { content, structuredContent: value };
  const odd = `The API's answer is not what its description says (${problem.replace("the argument", "the member")}). It is:`;
  return { content: [{ type: "text", text: odd }, ...content], isError: true };
}

function cutText(text: string, isCut: boolean, tool: Answered): string {
  if (!isCut && text.length <= ANSWER_CHARACTERS_MAX) return text;
  const shown = Math.min(text.length, ANSWER_CHARACTERS_MAX);
  return `The answer is longer than what can be passed on; its first ${shown} characters follow.${hint(tool)}\n${text.slice(0, shown)}`;
}

function hint({ argumentNames }: Answered): string {
  const names = argumentNames.filter((name) => ASKS_FOR_LESS.test(name)).slice(0, 6);
  return names.length > 0 ? ` To get less, use ${names.join(", ")}.` : "";
}

function binary(type: string, body: Buffer, tool: Answered): ToolResult {
  const data = body.toString("base64");
  const kind = /^(image|audio)\//.exec(type)?.[1] as "image" | "audio" | undefined;
  const content: Content = kind
    ? { type: kind, data, mimeType: type }
    : { type: "resource", resource: { uri: "gatehouse:answer", mimeType: type, blob: data } };
  return tool.outputSchema ? { content: [content], ...emptyStructure(tool.outputSchema) } : { content: [content] };
}
