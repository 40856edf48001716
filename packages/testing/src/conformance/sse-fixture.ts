import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import type { Fixture } from "./fixture.ts";
import { createLegacyServer } from "./legacy-server.ts";
import { listenOnLoopback } from "./loopback.ts";

export interface SseFixture extends Fixture {
  /** Sessions that are open. */
  sessions(): number;
  /** How many have been opened so far. */
  opened(): number;
  /** Ends every stream, as a restart does. */
  dropStreams(): void;
  /** Settles when the next session ends. */
  sessionEnds(): Promise<unknown>;
}

/** The same server as the legacy fixture's, over the deprecated HTTP+SSE transport. */
export async function startSseFixture(): Promise<SseFixture> {
  const transports = new Map<string, SSEServerTransport>();
  const streams = new Set<ServerResponse>();
  const servers = new Set<Server>();
  let opened = 0;

  async function openStream(response: ServerResponse): Promise<void> {
    const transport = new SSEServerTransport("/messages", response);
    transports.set(transport.sessionId, transport);
    streams.add(response);
    opened++;
    response.once("close", () => {
      transports.delete(transport.sessionId);
      streams.delete(response);
    });
    await createLegacyServer(servers).connect(transport);
  }

  async function takeMessage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const session = new URL(request.url ?? "", loopback.origin).searchParams.get("sessionId");
    const transport = transports.get(session ?? "");
    if (transport) await transport.handlePostMessage(request, response);
    else response.writeHead(404).end();
  }

  const loopback = await listenOnLoopback((request, response) => {
    const isOpening = request.method === "GET" && request.url === "/sse";
    if (isOpening) void openStream(response);
    else if (request.method === "POST" && request.url?.startsWith("/messages")) void takeMessage(request, response);
    else response.writeHead(405).end();
  });
  return {
    url: new URL("/sse", loopback.origin),
    sessions: () => streams.size,
    opened: () => opened,
    dropStreams() {
      for (const stream of streams) stream.destroy();
    },
    sessionEnds: () => Promise.race([...streams].map((stream) => once(stream, "close"))),
    [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose](),
  };
}
