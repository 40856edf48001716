import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { reportTo } from "./child.ts";
import { giveWay } from "./give-way.ts";
import { many } from "./open-streams.ts";

// Clients that take their time: half of them say nothing, and the others send or read a byte a second. They have what others
// leave of their core.

export interface SlowClients {
  /** Their own ports, by what they do. */
  ports: Record<string, number[]>;
}

const [, , address, token, half] = process.argv as [string, string, string, string, string];
const url = new URL(address);
const HALF = Number(half);
/** Of those that have much to read. */
const FEW = Math.min(50, HALF / 8);
const SMALL = call({ bytes: 1024 });

const KINDS: Record<string, { count: number; begin(socket: Socket): void }> = {
  "say nothing": { count: HALF / 2, begin: () => {} },
  "say nothing after a call": { count: HALF / 2, begin: (socket) => socket.resume().write(SMALL) },
  "send their headers, a byte a second": { count: HALF / 4, begin: (socket) => dribble(socket, SMALL, 0) },
  "send their message, a byte a second": {
    count: HALF / 4,
    begin: (socket) => dribble(socket, SMALL, SMALL.indexOf("\r\n\r\n") + 4),
  },
  "read an answer of 64 KB, a byte a second": {
    count: HALF / 2 - 2 * FEW,
    begin: (socket) => sip(socket, call({ bytes: 64 * 1024 })),
  },
  "read an answer of 8 MB, a byte a second": {
    count: FEW,
    begin: (socket) => sip(socket, call({ bytes: 8 * 1024 * 1024 })),
  },
  "read a stream of 64 MB, a byte a second": { count: FEW, begin: (socket) => sip(socket, call({ events: 1024 })) },
};

giveWay();
const ports: Record<string, number[]> = {};
for (const [kind, { count, begin }] of Object.entries(KINDS)) ports[kind] = await many(count, () => open(begin));
reportTo(process, { ports } satisfies SlowClients);
process.on("disconnect", () => process.exit(0));

async function open(begin: (socket: Socket) => void): Promise<number> {
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.on("error", () => {});
  begin(socket);
  return (socket.address() as AddressInfo).port;
}

function call(args: { bytes: number } | { events: number }): string {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "look", arguments: args, _meta: meta };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const headers = {
    ...{ host: url.host, authorization: `Bearer ${token}`, "content-length": body.length },
    ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
    ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "look" },
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${url.pathname} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** The first so many bytes at once, and then one a second. */
function dribble(socket: Socket, text: string, sent: number): void {
  socket.resume().write(text.slice(0, sent));
  everySecond(socket, () => socket.write(text[sent++] ?? ""));
}

function sip(socket: Socket, text: string): void {
  socket.pause().write(text);
  everySecond(socket, () => socket.read(1));
}

/** Not all of them at the same moment. */
function everySecond(socket: Socket, work: () => void): void {
  setTimeout(() => {
    const timer = setInterval(work, 1000);
    socket.once("close", () => clearInterval(timer));
  }, Math.random() * 1000);
}
