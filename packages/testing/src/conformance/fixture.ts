import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, createRequestStateCodec, InMemoryServerEventBus } from "@modelcontextprotocol/server";
import { createLegacyServer } from "./legacy-server.ts";
import { type Loopback, listenOnLoopback } from "./loopback.ts";
import { modernServers } from "./modern-server.ts";

/** An MCP server with everything that the conformance suite looks for, at `url` on the loopback address. */
export interface Fixture extends AsyncDisposable {
  url: URL;
}

/** Speaks 2025-11-25, with sessions. */
export async function startLegacyFixture(): Promise<Fixture> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const loopback = await listen((req, res) => void answerInSession(sessions, req, res));
  return {
    url: new URL("/mcp", loopback.origin),
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map((session) => session.close()));
      await loopback[Symbol.asyncDispose]();
    },
  };
}

async function answerInSession(
  sessions: Map<string, StreamableHTTPServerTransport>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const sessionId = req.headers["mcp-session-id"];
  const session = typeof sessionId === "string" ? sessions.get(sessionId) : await openSession(sessions);
  if (!session) res.writeHead(404).end();
  else await session.handleRequest(req, res);
}

async function openSession(
  sessions: Map<string, StreamableHTTPServerTransport>,
): Promise<StreamableHTTPServerTransport> {
  const session = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, session),
    onsessionclosed: (id) => void sessions.delete(id),
  });
  await createLegacyServer().connect(session);
  return session;
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
