import { randomUUID } from "node:crypto";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { createServer } from "@modelcontextprotocol/server-everything/dist/server/index.js";

// A program of its own: serves server-everything on 127.0.0.1, at the port that is its argument (0: any), and writes the
// port to standard output. It ends when its standard input does, which is when its parent is gone, however it went.

const SESSIONS_MAX = 500;

const sessions = new Map<string, StreamableHTTPServerTransport>();

const server = createHttpServer((request, response) => {
  answer(request, response).catch((error) => {
    process.stderr.write(`${error}\n`);
    if (!response.headersSent) response.writeHead(500).end();
  });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A web page that is open in a browser here can reach this port too, but under another name.
  if (request.headers.host !== `127.0.0.1:${port()}`) return end(response, 403);
  if (request.url !== "/mcp") return end(response, 404);
  const id = request.headers["mcp-session-id"];
  if (id === undefined) return openSession(request, response);
  const session = sessions.get(String(id));
  if (!session) return end(response, 404);
  await session.handleRequest(request, response);
}

async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { server: everything, cleanup } = createServer();
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  everything.server.onclose = () => {
    sessions.delete(transport.sessionId ?? "");
    cleanup(transport.sessionId);
  };
  await everything.connect(transport as Transport);
  await transport.handleRequest(request, response);
  if (!transport.sessionId) await transport.close();
  if (sessions.size > SESSIONS_MAX) await sessions.values().next().value?.close();
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

const port = (): number => (server.address() as AddressInfo).port;

process.on("SIGINT", () => {});
process.stdin.on("end", () => process.exit(0)).resume();
server.on("error", (error: NodeJS.ErrnoException) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => process.stdout.write(`${port()}\n`));
