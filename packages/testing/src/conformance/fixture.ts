import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, createRequestStateCodec, InMemoryServerEventBus } from "@modelcontextprotocol/server";
import { createLegacyServer } from "./legacy-server.ts";
import { type Loopback, listenOnLoopback } from "./loopback.ts";
import { modernServers } from "./modern-server.ts";

/** An MCP server with everything that the conformance suite looks for, at `url` on the loopback address. */
export interface Fixture extends AsyncDisposable {
  url: URL;
}

/** The open sessions of a legacy fixture: their transports by session id, and the server at the end of each. */
interface Sessions {
  transports: Map<string, StreamableHTTPServerTransport>;
  servers: Set<Server>;
}

/** Speaks 2025-11-25, with sessions. */
export async function startLegacyFixture(): Promise<Fixture> {
  const sessions: Sessions = { transports: new Map(), servers: new Set() };
  const loopback = await listen((req, res) => void answerInSession(sessions, req, res));
  return {
    url: new URL("/mcp", loopback.origin),
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.transports.values()].map((transport) => transport.close()));
      await loopback[Symbol.asyncDispose]();
    },
  };
}

async function answerInSession(sessions: Sessions, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const sessionId = req.headers["mcp-session-id"];
  const transport = typeof sessionId === "string" ? sessions.transports.get(sessionId) : await openSession(sessions);
  if (!transport) res.writeHead(404).end();
  else await transport.handleRequest(req, res);
}

async function openSession({ transports, servers }: Sessions): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void transports.set(id, transport),
    onsessionclosed: (id) => void transports.delete(id),
  });
  await createLegacyServer(servers).connect(transport);
  return transport;
}

/** Speaks 2026-07-28, and nothing older. */
export async function startModernFixture(): Promise<Fixture> {
  const state = createRequestStateCodec<{ round: number }>({ key: randomBytes(32) });
  const bus = new InMemoryServerEventBus();
  const handler = createMcpHandler(modernServers({ state, bus }), { bus, legacy: "reject" });
  const loopback = await listen(toNodeHandler(handler) as RequestListener);
  return {
    url: new URL("/mcp", loopback.origin),
    async [Symbol.asyncDispose]() {
      await handler.close();
      await loopback[Symbol.asyncDispose]();
    },
  };
}

/** As the suite wants it of a server on the loopback address: strangers' `Host` and `Origin` are refused. */
function listen(answer: RequestListener): Promise<Loopback> {
  const hostIsLocal = localhostHostValidation();
  const originIsLocal = localhostOriginValidation();
  return listenOnLoopback((req, res) => {
    if (hostIsLocal(req, res) && originIsLocal(req, res)) answer(req, res);
  });
}
