import type { IncomingMessage } from "node:http";
import { Fault } from "@gatehouse/faults";
import {
  ASSUMED_LEGACY_VERSION,
  eraOf,
  HTTP_SSE_VERSION,
  LEGACY_VERSIONS,
  legacyVersionOf,
  META,
  MODERN_VERSIONS,
  unsupportedVersion,
} from "@gatehouse/mcp/eras";
import { checkStandardHeaders } from "@gatehouse/mcp/headers";
import { parseUntrustedJson } from "@gatehouse/mcp/json";
import { asMessage, isRequest, type Message } from "@gatehouse/mcp/message";
import { DASHBOARD_CLIENT_ID } from "@gatehouse/oauth/dashboard-token";
import type { Exchange } from "../exchange.ts";

const SPOKEN_LEGACY = new Set([...LEGACY_VERSIONS, HTTP_SSE_VERSION]);
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads the request once, bounded, and says which era and version it speaks. */
export async function readMessage(exchange: Exchange): Promise<void> {
  exchange.bytes = await readBody(exchange.request);
  takeMessage(exchange, parseUntrustedJson(exchange.bytes));
}

/** As `readMessage`, where several messages may come in one body. */
export async function readMessageOrBatch(exchange: Exchange): Promise<void> {
  exchange.bytes = await readBody(exchange.request);
  const value = parseUntrustedJson(exchange.bytes);
  if (Array.isArray(value)) exchange.batch = value;
  else takeMessage(exchange, value);
}

function takeMessage(exchange: Exchange, value: unknown): void {
  const { request } = exchange;
  const message = asMessage(value);
  const header = request.headers["mcp-protocol-version"] as string | undefined;
  exchange.message = message;
  exchange.era = eraOf(message, header);
  if (exchange.era === "modern" && speaksLegacyAlone(exchange)) exchange.era = legacyAlone(header);
  exchange.protocolVersion =
    exchange.era === "modern" ? modernVersion(message, request) : legacyVersion(exchange, header);
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  if (!/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
    throw new Fault("unsupported_media_type", "Send a JSON-RPC message as application/json");
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MESSAGE_BYTES_MAX) {
        request.removeAllListeners("data").resume();
        return reject(new Fault("too_large", `A message may have ${MESSAGE_BYTES_MAX} bytes at most`));
      }
      chunks.push(chunk);
    });
    request.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on("error", (cause) => reject(new Fault("invalid_request", "The request broke off", { cause })));
  });
}

/** The dashboard mixes nothing up. */
function speaksLegacyAlone({ connector, token }: Exchange): boolean {
  return connector.clientEras === "legacy" && token.clientId !== DASHBOARD_CLIENT_ID;
}

/**
 * Where the owner has turned the modern era off, whoever names a legacy version means it, envelope or not: there are
 * clients that mix the two up. The code is none of the modern era's own, so that a client that speaks both falls back.
 */
function legacyAlone(header: string | undefined): "legacy" {
  if (header !== undefined && SPOKEN_LEGACY.has(header)) return "legacy";
  throw new Fault("invalid_request", `This endpoint speaks MCP ${LEGACY_VERSIONS[0]} and before: open with initialize`);
}

/** Every modern request has an envelope, and headers that mirror it. */
function modernVersion(message: Message, { headers }: IncomingMessage): string {
  if (!("method" in message)) throw new Fault("invalid_request", "A modern client sends no responses");
  const version = message.params?._meta?.[META.protocolVersion];
  if (isRequest(message)) {
    if (typeof version !== "string") throw missingEnvelope(META.protocolVersion);
    const capabilities = message.params?._meta?.[META.clientCapabilities];
    checkStandardHeaders(headers, message, version);
    if (!MODERN_VERSIONS.includes(version)) throw unsupportedVersion(version, MODERN_VERSIONS);
    if (typeof capabilities !== "object" || capabilities === null) throw missingEnvelope(META.clientCapabilities);
  }
  return typeof version === "string" ? version : MODERN_VERSIONS[0]!;
}

function missingEnvelope(member: string): Fault {
  return new Fault("invalid_params", `The params' _meta lacks ${member}, which every request carries`);
}

function legacyVersion({ message, connector }: Exchange, header: string | undefined): string {
  if ("method" in message && message.method === "initialize") return legacyVersionOf(message.params?.protocolVersion);
  if (header === undefined) return ASSUMED_LEGACY_VERSION;
  if (SPOKEN_LEGACY.has(header)) return header;
  throw unsupportedVersion(header, [...LEGACY_VERSIONS, ...(connector.clientEras === "both" ? MODERN_VERSIONS : [])]);
}
