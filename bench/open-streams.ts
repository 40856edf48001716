import { once } from "node:events";
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Callee } from "./load.ts";

// Streams that are opened, and then only held.

export type House = Required<Callee>;

const AT_ONCE = 50;
const CLIENT = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
const INITIALIZE = { id: 1, method: "initialize", params: CLIENT };

const agent = new Agent({ keepAlive: true });

/** By the client's transport and era. */
export const OPEN = { modern: listen, legacy: openSession, "http+sse": openSseStream } as const;
export type Front = keyof typeof OPEN;

export async function many<T>(count: number, open: () => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  while (opened.length < count) {
    const length = Math.min(AT_ONCE, count - opened.length);
    opened.push(...(await Promise.all(Array.from({ length }, open))));
  }
  return opened;
}

/** Settles with the first event, or with the headers where `event` is not waited for. */
async function openStream(sent: ClientRequest, event: boolean): Promise<IncomingMessage> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`);
  response.on("error", () => {});
  if (event) await once(response, "data");
  response.resume();
  return response;
}

function listen({ url, token }: House): Promise<IncomingMessage> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { notifications: { toolsListChanged: true }, _meta: meta };
  const headers = { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" };
  return openStream(post({ url, token }, { id: 1, method: "subscriptions/listen", params }, headers), true);
}

async function openSession(house: House): Promise<IncomingMessage> {
  const session = await initialize(house);
  const headers = { authorization: `Bearer ${house.token}`, accept: "text/event-stream", "mcp-session-id": session };
  return openStream(request(house.url, { headers }).end(), false);
}

/** With its session, so that it is told what the upstream says. */
async function openSseStream({ url, token }: House): Promise<IncomingMessage> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
  const sent = request(url.replace(/mcp$/, "sse"), { headers }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const [first] = (await once(response, "data")) as [Buffer];
  const messages = new URL(/^data: (.*)$/m.exec(first.toString())![1]!, url).href;
  const [accepted] = await once(post({ url: messages, token }, INITIALIZE, {}, agent), "response");
  accepted.resume();
  await once(response, "data");
  response.on("error", () => {});
  return response.resume();
}

/** Answers the session's id. */
export async function initialize(house: House): Promise<string> {
  const sent = post(house, INITIALIZE, {}, agent);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.headers["mcp-session-id"] as string;
}

function post({ url, token }: House, message: object, more: Record<string, string>, agent?: Agent): ClientRequest {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    ...more,
  };
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  return request(url, { method: "POST", headers, ...(agent ? { agent } : {}) }).end(body);
}
