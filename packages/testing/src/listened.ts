import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import {
  ListResourcesRequestSchema,
  ListToolsRequestSchema,
  SubscribeRequestSchema,
  UnsubscribeRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { createMcpHandler, InMemoryServerEventBus, McpServer } from "@modelcontextprotocol/server";
import { listenOnLoopback } from "./conformance/loopback.ts";

/** A server that says who listens to it, and what it was subscribed to. */
export interface Listened extends AsyncDisposable {
  url: URL;
  /** Streams of changes that are open. */
  streams(): number;
  /** How many have been opened so far. */
  opened(): number;
  /** Each resource's URI, as often as it is subscribed to. */
  subscribed(): string[];
  /** The list of tools is another. */
  change(): void;
  update(uri: string): void;
}

const capabilities = { tools: { listChanged: true }, resources: { listChanged: true, subscribe: true } };
const implementation = { name: "listened", version: "1" };

/** Of the v2 SDK. */
export async function startModernListened(): Promise<Listened> {
  const bus = new InMemoryServerEventBus();
  const handler = createMcpHandler(() => new McpServer(implementation, { capabilities }), { bus, legacy: "reject" });
  const answer = toNodeHandler(handler) as RequestListener;
  const streams = new Map<ServerResponse, string[]>();
  let opened = 0;

  function count(body: Buffer, response: ServerResponse): void {
    const { method, params } = JSON.parse(body.toString());
    if (method !== "subscriptions/listen") return;
    opened++;
    streams.set(response, params.notifications.resourceSubscriptions ?? []);
    response.once("close", () => streams.delete(response));
  }

  const loopback = await listenOnLoopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => count(Buffer.concat(chunks), response));
    answer(request, response);
  });
  return {
    url: new URL("/mcp", loopback.origin),
    streams: () => streams.size,
    opened: () => opened,
    subscribed: () => [...streams.values()].flat(),
    change: () => bus.publish({ kind: "tools_list_changed" }),
    update: (uri) => bus.publish({ kind: "resource_updated", uri }),
    async [Symbol.asyncDispose]() {
      await handler.close();
      await loopback[Symbol.asyncDispose]();
    },
  };
}

interface Session {
  server: Server;
  transport: StreamableHTTPServerTransport;
  uris: Set<string>;
}

/** Of the v1 SDK, with sessions. */
export async function startLegacyListened(): Promise<Listened> {
  const sessions = new Map<string, Session>();
  const streams = new Set<ServerResponse>();
  let opened = 0;

  async function open(): Promise<StreamableHTTPServerTransport> {
    const server = new Server(implementation, { capabilities });
    const uris = new Set<string>();
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [] }));
    server.setRequestHandler(ListResourcesRequestSchema, () => ({ resources: [] }));
    server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
      uris.add(params.uri);
      return {};
    });
    server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
      uris.delete(params.uri);
      return {};
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport, uris }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport);
    return transport;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers["mcp-session-id"];
    const transport = typeof id === "string" ? sessions.get(id)?.transport : await open();
    if (!transport) return void response.writeHead(404).end();
    if (request.method === "GET") {
      opened++;
      streams.add(response);
      response.once("close", () => streams.delete(response));
    }
    await transport.handleRequest(request, response);
  }

  const loopback = await listenOnLoopback((request, response) => void answer(request, response));
  return {
    url: new URL("/mcp", loopback.origin),
    streams: () => streams.size,
    opened: () => opened,
    subscribed: () => [...sessions.values()].flatMap(({ uris }) => [...uris]),
    change: () => sessions.forEach(({ server }) => void server.sendToolListChanged()),
    update(uri) {
      for (const { server, uris } of sessions.values()) if (uris.has(uri)) void server.sendResourceUpdated({ uri });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map(({ transport }) => transport.close()));
      await loopback[Symbol.asyncDispose]();
    },
  };
}
