import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";

/** What a test's upstream was sent. */
export interface Received {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage["headers"];
  rawBody: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever was sent
  body: any;
}

export type Respond = (received: Received, response: ServerResponse) => void | Promise<void>;

export interface Upstream extends AsyncDisposable {
  url: string;
  /** `host:port`. */
  host: string;
  received: Received[];
  /** Answers a method instead of the default. */
  on(method: string, respond: Respond): void;
}

/** An MCP server of the test's own on 127.0.0.1, which answers every method with something harmless unless told otherwise. */
export async function startUpstream({ tls }: { tls?: ServerOptions } = {}): Promise<Upstream> {
  const received: Received[] = [];
  const responders = new Map<string, Respond>();
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const rawBody = Buffer.concat(chunks).toString();
      const body = rawBody ? JSON.parse(rawBody) : undefined;
      const one = {
        method: body?.method ?? request.method!,
        path: request.url!,
        headers: request.headers,
        rawBody,
        body,
      };
      received.push(one);
      void (responders.get(one.method) ?? answerHarmlessly)(one, response);
    });
  }
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as { port: number };
  const host = tls ? `localhost:${port}` : `127.0.0.1:${port}`;
  return {
    url: `${tls ? "https" : "http"}://${host}/mcp`,
    host,
    received,
    on: (method, respond) => void responders.set(method, respond),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export function sendJson(response: ServerResponse, message: object, { status = 200, headers = {} } = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(message));
}

export function result(received: Received, value: object): object {
  return { jsonrpc: "2.0", id: received.body.id, result: value };
}

/** Writes one event; the caller ends the stream. */
export function sendEvent(response: ServerResponse, message: object): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
}

let sessions = 0;

const answerHarmlessly: Respond = (received, response) => {
  const { method, body } = received;
  if (method === "GET" || method === "OPTIONS") return void response.writeHead(405).end();
  if (method === "DELETE") return void response.writeHead(200).end();
  if (body.id === undefined) return void response.writeHead(202).end();
  if (method === "initialize") {
    const initialized = {
      protocolVersion: body.params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: "test", version: "1" },
    };
    return sendJson(response, result(received, initialized), {
      headers: { "mcp-session-id": `upstream-${++sessions}` },
    });
  }
  if (method === "tools/list") return sendJson(response, result(received, { tools: TOOLS }));
  const text = `Echo: ${body.params?.arguments?.message}`;
  return sendJson(response, result(received, { resultType: "complete", content: [{ type: "text", text }] }));
};

/** `look` is a read, `change` a write, `secret` not offered; `new` is not in the catalogue at all. */
export const TOOLS = ["look", "change", "secret", "new"].map((name) => ({ name, inputSchema: { type: "object" } }));
