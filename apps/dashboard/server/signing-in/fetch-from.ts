import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Fault } from "@gatehouse/faults";

interface Sent {
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  signal?: AbortSignal | undefined;
}

const BYTES_MAX = 8 * 1024 * 1024;

/**
 * `fetch` by another way: it connects to `connectUrl`, and names the URL's own host, which Node's fetch does not allow.
 * Redirects are not followed, and the answer is read as a whole.
 */
export function fetchFrom(connectUrl: URL) {
  const request = connectUrl.protocol === "https:" ? requestHttps : requestHttp;
  return async function fetchFrom(address: URL | string, { method, headers, body, signal }: Sent): Promise<Response> {
    const url = new URL(address);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const outgoing = request(new URL(url.pathname + url.search, connectUrl), {
      method,
      headers: { ...headers, host: url.host },
      ...(signal ? { signal } : {}),
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => void readAll(incoming).then(resolve, reject));
    outgoing.end(body);
    return promise;
  };
}

async function readAll(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BYTES_MAX) throw new Fault("too_large", "The answer is too long to be shown here");
    chunks.push(chunk);
  }
  const type = incoming.headers["content-type"] ?? "";
  return new Response(Buffer.concat(chunks), {
    status: incoming.statusCode ?? 502,
    headers: { "content-type": type },
  });
}
