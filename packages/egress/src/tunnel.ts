import type { Socket } from "node:net";
import { Fault } from "@gatehouse/faults";
import { Pool } from "undici";

export interface OutboundProxy extends AsyncDisposable {
  /** A connection through the proxy to an address, which the proxy does not have to look up (RFC 9110 §9.3.6). */
  connect(address: string, port: string): Promise<Socket>;
}

/** `http:` or `https:`, with a user name and password where the proxy wants them. */
export function openProxy(url: URL, connectTimeoutMs: number): OutboundProxy {
  const pool = new Pool(url.origin, { connect: { timeout: connectTimeoutMs }, headersTimeout: connectTimeoutMs });
  const { username, password } = url;
  const secret = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const headers: Record<string, string> = username ? { "proxy-authorization": `Basic ${secret}` } : {};
  return {
    async connect(address, port) {
      const authority = `${address.includes(":") ? `[${address}]` : address}:${port}`;
      const { statusCode, socket } = await pool.connect({ path: authority, headers: { ...headers, host: authority } });
      if (statusCode === 200) return socket as Socket;
      socket.destroy();
      throw new Fault("upstream_failed", `The outbound proxy does not let anybody through (HTTP ${statusCode})`);
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
