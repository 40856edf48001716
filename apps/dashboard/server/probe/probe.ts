import { type Access, isMembers } from "@gatehouse/credentials/access";
import { type Era, HTTP_SSE_VERSION, LEGACY_VERSIONS, META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import type { Verdict } from "@gatehouse/store/connectors";
import type { ToolDefinition, Transport } from "@gatehouse/store/tables";
import { catalogue } from "./catalogue.ts";
import {
  type Answer,
  type Conversation,
  converse,
  type Headers,
  NotLetIn,
  sendWithin,
  type Upstream,
  unusable,
} from "./conversation.ts";
import { converseOverSse } from "./sse-conversation.ts";

/** What stands behind a URL, as far as a connector needs to know. */
export interface Probed extends Verdict {
  tools: ToolDefinition[];
  /** Names of tools that no client could be offered. */
  leftOut: string[];
}

interface Opened extends Verdict {
  hasTools: boolean;
  headers: Headers;
  conversation: Conversation;
}

const US = { name: "gatehouse", version: "0.1.0" };
const MODERN = MODERN_VERSIONS[0]!;
const SPOKEN_LEGACY = [...LEGACY_VERSIONS, HTTP_SSE_VERSION];
/** -32020 HeaderMismatch, -32021 MissingRequiredClientCapability, -32022 UnsupportedProtocolVersion. */
const MODERN_ERRORS = new Set([-32020, -32021, -32022]);

/** What servers without Streamable HTTP answer to a POST (2025-11-25, Backwards Compatibility). */
const NO_POST = new Set([400, 404, 405]);

/**
 * Asks the server which era of MCP it speaks, unless that is `pinned`, and for its tools, in at most 10 s and 4 MB.
 * Everything that can be wrong with a URL is `invalid_fields`, with one sentence for whoever typed it.
 */
export async function probe(upstream: Upstream, pinned?: Era): Promise<Probed> {
  const { conversation, headers, hasTools, ...verdict } = await open(upstream, pinned);
  try {
    const { tools, leftOut } = hasTools
      ? await catalogue(conversation, headers, verdict.era)
      : { tools: [], leftOut: [] };
    return { ...verdict, tools, leftOut };
  } finally {
    await conversation.close(headers);
  }
}

/** As `probe`. `null` where members open the server with accounts of their own, and it shows nothing without one. */
export async function probeFor(access: Access, upstream: Upstream, pinned?: Era): Promise<Probed | null> {
  return probe(upstream, pinned).catch((fault) => {
    if (fault instanceof NotLetIn && access.some(isMembers)) return null;
    throw fault;
  });
}

/** What is said of a server until somebody with an account has looked at it. */
export const UNSEEN: Probed = {
  era: "legacy",
  transport: "streamable-http",
  protocolVersion: LEGACY_VERSIONS[0]!,
  serverName: "",
  tools: [],
  leftOut: [],
};

/** A server that was seen has a name, if only “unnamed”. */
export const isSeen = ({ serverName }: Pick<Verdict, "serverName">) => serverName !== "";

/** As `probe`, without looking at the tools. */
export async function probeVerdict(upstream: Upstream, pinned?: Era): Promise<Verdict> {
  const { conversation, headers, hasTools: _, ...verdict } = await open(upstream, pinned);
  await conversation.close(headers);
  return verdict;
}

async function open(upstream: Upstream, pinned: Era | undefined): Promise<Opened> {
  const send = sendWithin(upstream);
  const conversation = converse(send);
  const modern = pinned === "legacy" ? null : await discover(conversation);
  if (modern) return modern;
  if (pinned === "modern") throw unusable(`The server does not speak MCP ${MODERN}, which its era is set to`);
  const answer = await begin(conversation);
  if (answer.response || !NO_POST.has(answer.status)) return initialized(conversation, answer, "streamable-http");
  const overSse = await converseOverSse(send, upstream.url);
  if (!overSse) return notMcp(answer);
  try {
    return await initialized(overSse, await begin(overSse), "http+sse");
  } catch (error) {
    await overSse.close({});
    throw error;
  }
}

/** `null` where the server is of the legacy era (2026-07-28, Streamable HTTP, Backward Compatibility). */
async function discover(conversation: Conversation): Promise<Opened | null> {
  const headers = { "mcp-protocol-version": MODERN };
  const answer = await conversation.request("server/discover", {}, headers);
  const supported = supportedVersions(answer);
  if (!supported) return answer.response || answer.status >= 400 ? null : notMcp(answer);
  if (!supported.includes(MODERN))
    return supported.some((version) => SPOKEN_LEGACY.includes(version)) ? null : unknownVersions(supported);
  const { result = {} } = answer.response!;
  return {
    conversation,
    era: "modern",
    transport: "streamable-http",
    protocolVersion: MODERN,
    serverName: serverName(member(result._meta, META.serverInfo)),
    hasTools: member(result.capabilities, "tools") !== undefined,
    headers,
  };
}

/** What a modern server says it speaks; `null` where the answer is not one that a modern server gives. */
function supportedVersions({ response }: Answer): string[] | null {
  if (response?.error && !MODERN_ERRORS.has(response.error.code)) return null;
  const versions = response?.error
    ? (member(response.error.data, "supported") ?? [MODERN])
    : response?.result?.supportedVersions;
  return Array.isArray(versions) ? versions.map(String) : null;
}

function begin(conversation: Conversation): Promise<Answer> {
  const params = { protocolVersion: LEGACY_VERSIONS[0], capabilities: {}, clientInfo: US };
  return conversation.request("initialize", params, {});
}

/** Completes what `begin` has begun. */
async function initialized(conversation: Conversation, answer: Answer, transport: Transport): Promise<Opened> {
  const { result, error } = answer.response ?? notMcp(answer);
  if (!result) throw unusable(`The server refuses to begin: “${clipped(error?.message)}”`);
  const protocolVersion = String(result.protocolVersion);
  if (!SPOKEN_LEGACY.includes(protocolVersion)) unknownVersions([protocolVersion]);
  const headers = { "mcp-protocol-version": protocolVersion, ...answer.session };
  await conversation.notify("notifications/initialized", headers);
  return {
    conversation,
    era: "legacy",
    transport,
    protocolVersion,
    serverName: serverName(result.serverInfo),
    hasTools: member(result.capabilities, "tools") !== undefined,
    headers,
  };
}

function unknownVersions(versions: string[]): never {
  const list = new Intl.ListFormat("en").format(versions.slice(0, 5).map(clipped));
  throw unusable(`The server speaks MCP ${list}, and Gatehouse does not`);
}

/** Where such servers mostly have it. */
const USUAL_PATH = "The endpoint of an MCP server is often at /mcp: look into its documentation";

function notMcp({ status, contentType }: Answer): never {
  if (contentType === "text/html")
    throw unusable(`There is a web page at this address, not an MCP server (it answered ${status})`, USUAL_PATH);
  if (status >= 400) throw unusable(`There is no MCP server at this address: it answered ${status}`, USUAL_PATH);
  throw unusable("What answers at this address does not speak MCP over Streamable HTTP", USUAL_PATH);
}

function serverName(info: unknown): string {
  return clipped(member(info, "title") ?? member(info, "name")) || "unnamed";
}

/** Text of the server's own, short and storable. */
function clipped(text: unknown): string {
  return typeof text === "string" ? text.replaceAll("\0", "").toWellFormed().slice(0, 120).trim() : "";
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
