import { META, TASKS_EXTENSION } from "./eras.ts";
import type { Params, Request, Response } from "./message.ts";
import { needsWrap, wrapOutputSchema } from "./wrap-output-schema.ts";

// One message of one era in the words of the other. What both eras know, and what neither of them knows, is left alone.

type Result = Record<string, unknown>;
type RpcError = NonNullable<Response["error"]>;

/** What a legacy client says once, and a modern one with every request. */
export interface ClientContext {
  protocolVersion: string;
  capabilities: Record<string, unknown>;
  clientInfo: unknown;
  /** Absent: no log messages. */
  logLevel?: string | undefined;
}

const ENVELOPE: readonly string[] = [META.protocolVersion, META.clientCapabilities, META.clientInfo, META.logLevel];

/** A modern request without its envelope and without the answers of an earlier round. */
export function toLegacyParams(params: Params = {}): Params {
  const { inputResponses: _, requestState: __, _meta, ...rest } = params;
  const meta = Object.entries(_meta ?? {}).filter(([name]) => !ENVELOPE.includes(name));
  return meta.length > 0 ? { ...rest, _meta: Object.fromEntries(meta) } : rest;
}

/** The capabilities without tasks, which are not carried from one era to the other. */
function withoutTasks({ tasks: _, extensions, ...capabilities }: Result): Result {
  if (typeof extensions !== "object" || extensions === null) return capabilities;
  const { [TASKS_EXTENSION]: __, ...others } = extensions as Result;
  return { ...capabilities, extensions: others };
}

/** A legacy request with the envelope that says what its session said. */
export function toModernParams({ task: _, ...params }: Params = {}, client: ClientContext): Params {
  const envelope: Record<string, unknown> = {
    [META.protocolVersion]: client.protocolVersion,
    [META.clientCapabilities]: withoutTasks(client.capabilities),
  };
  if (client.clientInfo !== undefined) envelope[META.clientInfo] = client.clientInfo;
  if (client.logLevel !== undefined) envelope[META.logLevel] = client.logLevel;
  return { ...params, _meta: { ...params._meta, ...envelope } };
}

/** Results that say how long they hold (2026-07-28, Caching); nobody knows that of a legacy server's. */
const CACHEABLE = new Set([
  "server/discover",
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
]);

export function toModernResult(method: string, result: Result): Result {
  const complete = { ...result, resultType: "complete" };
  return CACHEABLE.has(method) ? { ...complete, ttlMs: 0, cacheScope: "private" } : complete;
}

/** `wrappedTool`: the tool was announced to legacy clients with its outputSchema wrapped. */
export function toLegacyResult(
  method: string,
  result: Result,
  { protocolVersion, wrappedTool }: { protocolVersion: string; wrappedTool: boolean },
): Result {
  const { resultType: _, ttlMs: __, cacheScope: ___, _meta, ...legacy } = result;
  const meta = Object.entries((_meta as Result | undefined) ?? {}).filter(([name]) => name !== META.serverInfo);
  if (meta.length > 0) legacy._meta = Object.fromEntries(meta);
  if (method === "tools/list" && Array.isArray(legacy.tools)) legacy.tools = legacy.tools.map(toLegacyTool);
  if (method === "tools/call" && "structuredContent" in legacy) wrapStructuredContent(legacy, wrappedTool);
  if (Array.isArray(legacy.content)) legacy.content = legacy.content.map((block) => knownTo(protocolVersion, block));
  if (Array.isArray(legacy.messages)) {
    legacy.messages = legacy.messages.map((one) => ({ ...one, content: knownTo(protocolVersion, one.content) }));
  }
  return legacy;
}

/** The version that a type of content came with. */
const CONTENT_SINCE: Record<string, string> = { audio: "2025-03-26", resource_link: "2025-06-18" };

/** Content of a type that is newer than the client's version, as text: versions are dates, which sort as they are. */
function knownTo(protocolVersion: string, block: { type?: string } | undefined): unknown {
  const since = CONTENT_SINCE[block?.type ?? ""];
  return since === undefined || protocolVersion >= since ? block : { type: "text", text: JSON.stringify(block) };
}

function toLegacyTool(tool: { outputSchema?: Result }): unknown {
  return needsWrap(tool.outputSchema) ? { ...tool, outputSchema: wrapOutputSchema(tool.outputSchema) } : tool;
}

/** To a legacy client, structured content is an object; what is none, or was announced as none, is wrapped in one. */
function wrapStructuredContent(result: Result, wrappedTool: boolean): void {
  const value = result.structuredContent;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isObject && !wrappedTool) return;
  result.structuredContent = { result: value };
  const content = Array.isArray(result.content) ? result.content : [];
  if (content.length === 0) result.content = [{ type: "text", text: JSON.stringify(value) }];
}

const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
const LEGACY_RESOURCE_NOT_FOUND = -32002;
/** A legacy server that wants the member to open a page first (2025-11-25, Elicitation). */
export const URL_ELICITATION_REQUIRED = -32042;
const HEADER_MISMATCH = -32020;
export const MISSING_CAPABILITY = -32021;
const UNSUPPORTED_VERSION = -32022;

export function toModernError(error: RpcError): RpcError {
  return error.code === LEGACY_RESOURCE_NOT_FOUND ? { ...error, code: INVALID_PARAMS } : error;
}

/** Whatever a legacy server made of it, that it could not ask is why it failed (2026-07-28, Missing capabilities). */
export function toMissingCapability({ message, data }: RpcError, requiredCapabilities: Result): RpcError {
  const own = typeof data === "object" ? data : {};
  return { code: MISSING_CAPABILITY, message, data: { ...own, requiredCapabilities } };
}

export function toLegacyError(error: RpcError): RpcError {
  if (error.code === MISSING_CAPABILITY) return { ...error, code: INVALID_PARAMS };
  const ours = error.code === HEADER_MISMATCH || error.code === UNSUPPORTED_VERSION;
  return ours ? { ...error, code: INTERNAL_ERROR } : error;
}

/** What a legacy server answered to `initialize`, as the answer to `server/discover`. */
export function toDiscoverResult(initialized: Result, supportedVersions: readonly string[]): Result {
  const { serverInfo, instructions } = initialized;
  const capabilities = withoutTasks((initialized.capabilities as Result | undefined) ?? {});
  return toModernResult("server/discover", {
    supportedVersions,
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
    ...(serverInfo === undefined ? {} : { _meta: { [META.serverInfo]: serverInfo } }),
  });
}

/** What a modern server answered to `server/discover`, as the answer to `initialize`. */
export function toInitializeResult(discovered: Result, protocolVersion: string): Result {
  const { extensions: _, ...capabilities } = withoutTasks((discovered.capabilities as Result | undefined) ?? {});
  const meta = discovered._meta as Result | undefined;
  return {
    protocolVersion,
    capabilities,
    serverInfo: meta?.[META.serverInfo] ?? { name: "unknown", version: "0" },
    ...(discovered.instructions === undefined ? {} : { instructions: discovered.instructions }),
  };
}

/** An ask of a legacy server's as an input request; what only the legacy era correlates by is left out. */
export function toInputRequest({ method, params = {} }: Request): { method: string; params: Params } {
  const { elicitationId: _, ...rest } = params;
  return { method, params: toLegacyParams(rest) };
}
