import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { listenOnLoopback } from "./conformance/loopback.ts";

interface StdioProgram {
  /** The module that is run, as `import.meta.resolve` has it. */
  module: string;
  args?: string[];
  env?: Record<string, string>;
}

/** A server that speaks stdio, at a URL: a process for each session, whose messages are passed on as they are. */
export async function startStdioServer(program: StdioProgram): Promise<{ url: URL } & AsyncDisposable> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const id = req.headers["mcp-session-id"];
    const session = typeof id === "string" ? sessions.get(id) : await openSession(program, sessions);
    if (!session) res.writeHead(404).end();
    else await session.handleRequest(req, res);
  }

  const loopback = await listenOnLoopback((req, res) => void answer(req, res));
  return {
    url: new URL("/mcp", loopback.origin),
    async [Symbol.asyncDispose]() {
      await Promise.all([...sessions.values()].map((session) => session.close()));
      await loopback[Symbol.asyncDispose]();
    },
  };
}

async function openSession(
  { module, args = [], env = {} }: StdioProgram,
  sessions: Map<string, StreamableHTTPServerTransport>,
): Promise<StreamableHTTPServerTransport> {
  const command = { command: process.execPath, args: [fileURLToPath(module), ...args], env };
  const stdio = new StdioClientTransport({ ...command, stderr: "ignore" });
  const http = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, http),
  });
  http.onmessage = (message) => void stdio.send(message);
  stdio.onmessage = (message) => void http.send(message);
  http.onclose = () => {
    sessions.delete(http.sessionId ?? "");
    void stdio.close();
  };
  await stdio.start();
  await http.start();
  return http;
}
