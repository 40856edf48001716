import { readSse } from "@gatehouse/mcp/sse";

// A client that says exactly what a test wants said, right or wrong.

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
};

type Headers = Record<string, string>;

export interface Answer {
  status: number;
  headers: globalThis.Headers;
  text: string;
  /** The messages of a JSON or event-stream answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
  messages: any[];
}

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

/** A well-formed modern request. */
export function modern(method: string, params: object = {}, { id = 1 as string | number, meta = {} } = {}) {
  const message = { jsonrpc: "2.0", id, method, params: { ...params, _meta: { ...META, ...meta } } };
  const named = params as { name?: string; uri?: string };
  const name = { "tools/call": named.name, "prompts/get": named.name, "resources/read": named.uri }[method];
  const headers: Headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": method };
  return { message, headers: name === undefined ? headers : { ...headers, "mcp-name": name } };
}

export const callTool = (name: string, args: object = { message: "hello" }, options = {}) =>
  modern("tools/call", { name, arguments: args }, options);

export async function post(
  url: string,
  { message, headers = {} }: { message: object | string; headers?: Headers },
  more: Headers = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers, ...more },
    body: typeof message === "string" ? message : JSON.stringify(message),
    ...(signal ? { signal } : {}),
  });
  return toAnswer(response);
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, messages: messagesIn(response, text) };
}

function messagesIn(response: Response, text: string): unknown[] {
  if (text === "") return [];
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return [JSON.parse(text)];
  const messages: unknown[] = [];
  readSse(({ data }) => data && messages.push(JSON.parse(data)), 1e7).read(Buffer.from(text));
  return messages;
}

/** Opens a legacy session; what it answers is sent with every request of the session. */
export async function initialize(
  url: string,
  token: string,
  protocolVersion = "2025-11-25",
  capabilities = {},
): Promise<Headers> {
  const params = { protocolVersion, capabilities, clientInfo: { name: "test", version: "1" } };
  const answer = await post(url, { message: { jsonrpc: "2.0", id: 0, method: "initialize", params } }, bearer(token));
  const session = {
    ...bearer(token),
    "mcp-session-id": answer.headers.get("mcp-session-id")!,
    "mcp-protocol-version": protocolVersion,
  };
  await post(url, { message: { jsonrpc: "2.0", method: "notifications/initialized" } }, session);
  return session;
}

export const legacyCall = (name: string, id: string | number = 1, args: object = { message: "hello" }) => ({
  message: { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } },
});
