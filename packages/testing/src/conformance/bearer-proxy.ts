import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { listenOnLoopback } from "./loopback.ts";

/** What a server sees behind the proxy as its own URL, the proxy's clients see as `url`. */
export interface BearerProxy extends AsyncDisposable {
  url: URL;
}

/**
 * Puts an access token on every request, for clients that know of none. A `Host` or `Origin` that names the proxy names
 * the target behind it; any other arrives as it was sent.
 */
export async function startBearerProxy(target: URL, accessToken: string): Promise<BearerProxy> {
  const loopback = await listenOnLoopback((req, res) => forward(req, res));
  const url = new URL(target.pathname, loopback.origin);

  function forward(req: IncomingMessage, res: ServerResponse): void {
    const { host, origin } = req.headers;
    const headers = { ...req.headers, authorization: `Bearer ${accessToken}` };
    if (host === url.host) headers.host = target.host;
    if (origin === url.origin) headers.origin = target.origin;
    relay(req, res, new URL(req.url ?? "/", target), headers);
  }

  return { url, [Symbol.asyncDispose]: () => loopback[Symbol.asyncDispose]() };
}

function relay(req: IncomingMessage, res: ServerResponse, to: URL, headers: IncomingMessage["headers"]): void {
  const upstream = request(to, { method: req.method ?? "GET", headers });
  res.on("close", () => upstream.destroy());
  upstream.on("error", () => res.destroy());
  upstream.on("response", (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    res.flushHeaders();
    pipeline(answer, res).catch(() => res.destroy());
  });
  req.pipe(upstream);
}
