import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { reportTo } from "./child.ts";

// An upstream of either era whose streams stay open and say nothing: sessions, their GET streams, and subscriptions. Its
// tools do what their arguments tell them.

interface Asked {
  id?: string | number;
  method: string;
  params?: { protocolVersion?: string; notifications?: object; arguments?: ToldTo };
}

export interface ToldTo {
  /** Answer so many. */
  bytes?: number;
  /** Tell of so many events of 64 KB each, and answer nothing. */
  events?: number;
  /** Answer this late. */
  lateMs?: number;
  /** Ask the person. */
  ask?: boolean;
}

const SERVER = { capabilities: { tools: { listChanged: true } }, serverInfo: { name: "streams", version: "1" } };

const server = createServer((request, response) => {
  if (request.method === "GET") return openStream(response);
  if (request.method === "DELETE") return response.writeHead(200).end();
  if (request.method !== "POST") return response.writeHead(405).end();
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(JSON.parse(Buffer.concat(chunks).toString()), response));
});

function answer({ id, method, params }: Asked, response: ServerResponse): void {
  if (id === undefined) return void response.writeHead(202).end();
  if (method === "subscriptions/listen") return acknowledge(id, params?.notifications ?? {}, response);
  const told = params?.arguments;
  if (told?.events) return void Readable.from(events(told.events)).pipe(openStream(response));
  if (told?.lateMs) return void setTimeout(answer, told.lateMs, { id, method }, response);
  const body = JSON.stringify({ jsonrpc: "2.0", id, result: resultOf(method, params) });
  const session = method === "initialize" ? { "mcp-session-id": randomUUID() } : {};
  response.writeHead(200, { "content-type": "application/json", ...session }).end(body);
}

function resultOf(method: string, params: Asked["params"]): object {
  if (method === "initialize") return { protocolVersion: params?.protocolVersion, ...SERVER };
  if (method === "tools/call") return params?.arguments?.ask ? ASKING : answerOf(params?.arguments?.bytes);
  return { resultType: "complete", supportedVersions: ["2026-07-28"], ...SERVER };
}

const ASKING = {
  resultType: "input_required",
  inputRequests: {
    who: { method: "elicitation/create", params: { message: "Who?", requestedSchema: { type: "object" } } },
  },
  requestState: "asked",
};

function answerOf(bytes = 5): object {
  return { resultType: "complete", content: [{ type: "text", text: "x".repeat(bytes) }] };
}

function acknowledge(id: string | number, notifications: object, response: ServerResponse): void {
  const params = { notifications, _meta: { "io.modelcontextprotocol/subscriptionId": id } };
  const message = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params };
  openStream(response).write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

function* events(count: number): Iterable<string> {
  const message = {
    jsonrpc: "2.0",
    method: "notifications/message",
    params: { level: "info", data: "x".repeat(65_536) },
  };
  for (let told = 0; told < count; told++) yield `event: message\ndata: ${JSON.stringify(message)}\n\n`;
}

function openStream(response: ServerResponse): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
  return response;
}

process.on("disconnect", () => process.exit(0));
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  reportTo(process, { url: `http://127.0.0.1:${port}` });
});
