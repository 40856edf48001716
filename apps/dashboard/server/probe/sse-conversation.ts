import { LOOK } from "@gatehouse/egress/limits";
import type { Response } from "@gatehouse/mcp/message";
import { readSse, type SseEvent } from "@gatehouse/mcp/sse";
import { type Conversation, responseIn, type Send, STANDARD, unusable } from "./conversation.ts";

/**
 * Over the deprecated HTTP+SSE transport (2024-11-05), where every answer comes on one stream. `null` where the URL opens
 * no stream that begins with the endpoint that messages are posted to.
 */
export async function converseOverSse(send: Send, url: URL): Promise<Conversation | null> {
  const closing = new AbortController();
  const stream = openStream(send, url, closing.signal);
  const endpoint = await stream.endpoint;
  if (!endpoint) return null;
  let lastId = 0;

  async function post(message: object, headers: Record<string, string>): Promise<void> {
    const body = JSON.stringify(message);
    const { status } = await send({ at: endpoint!, method: "POST", headers: { ...STANDARD, ...headers }, body });
    if (status >= 300) throw unusable(`The server takes no messages: it answered ${status}`);
  }

  return {
    async request(method, params, headers) {
      const id = ++lastId;
      const answer = stream.answerTo(id);
      const [response] = await Promise.all([answer, post({ jsonrpc: "2.0", id, method, params }, headers)]);
      return { status: 200, contentType: "text/event-stream", response, session: {} };
    },
    notify: (method, headers) => post({ jsonrpc: "2.0", method }, headers),
    async close() {
      closing.abort();
    },
  };
}

/** What the server says: first the endpoint, then answers by the ids of their requests. */
function openStream(send: Send, url: URL, signal: AbortSignal) {
  const endpoint = Promise.withResolvers<URL | null>();
  const waiting = new Map<number, (response: Response) => void>();

  function take({ event, data = "" }: SseEvent): void {
    if (event === "endpoint") return endpoint.resolve(endpointIn(data, url));
    for (const [id, answer] of waiting) {
      const response = responseIn(Buffer.from(data), id);
      if (response) answer(response);
    }
  }

  const reader = readSse(take, LOOK.bytesMax);
  const enough = (chunk: Buffer) => {
    reader.read(chunk);
    return false;
  };
  const over = send({ method: "GET", headers: { accept: "text/event-stream" }, signal, enough }).then(() => {
    endpoint.resolve(null);
    throw unusable("The server broke off its stream of events");
  });
  over.catch(endpoint.reject);
  endpoint.promise.catch(() => {});
  return {
    endpoint: endpoint.promise,
    answerTo(id: number): Promise<Response> {
      const answer = new Promise<Response>((resolve) => waiting.set(id, resolve));
      return Promise.race([answer, over]).finally(() => waiting.delete(id));
    },
  };
}

/** Never at another origin: it is sent the token. */
function endpointIn(data: string, url: URL): URL {
  const endpoint = URL.parse(data, url.href);
  if (endpoint?.origin === url.origin) return endpoint;
  throw unusable("The server wants its messages sent to an address of another origin");
}
