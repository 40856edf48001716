import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { reportTo } from "./child.ts";

// An upstream of either era whose streams stay open and say nothing: sessions, their GET streams, and subscriptions.

interface Asked {
  id?: string | number;
  method: string;
  params?: { protocolVersion?: string; notifications?: object };
}

const SERVER = { capabilities: { tools: { listChanged: true } }, serverInfo: { name: "streams", version: "1" } };

const server = createServer((request, response) => {
  if (request.method === "GET") return openStream(response);
  if (request.method === "DELETE") return response.writeHead(200).end();
  const chunks: Buffer[] = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => answer(JSON.parse(Buffer.concat(chunks).toString()), response));
});

function answer({ id, method, params }: Asked, response: ServerResponse): void {
  if (id === undefined) return void response.writeHead(202).end();
  if (method === "subscriptions/listen") return acknowledge(id, params?.notifications ?? {}, response);
  const body = JSON.stringify({ jsonrpc: "2.0", id, result: resultOf(method, params) });
  const session = method === "initialize" ? { "mcp-session-id": randomUUID() } : {};
  response.writeHead(200, { "content-type": "application/json", ...session }).end(body);
}

function resultOf(method: string, params: Asked["params"]): object {
  if (method === "initialize") return { protocolVersion: params?.protocolVersion, ...SERVER };
  return { resultType: "complete", supportedVersions: ["2026-07-28"], ...SERVER };
}

function acknowledge(id: string | number, notifications: object, response: ServerResponse): void {
  const params = { notifications, _meta: { "io.modelcontextprotocol/subscriptionId": id } };
  const message = { jsonrpc: "2.0", method: "notifications/subscriptions/acknowledged", params };
  openStream(response).write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
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
