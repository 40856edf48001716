import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";

/**
 * Where a request comes from: the connection's other end, or where that is a trusted proxy, the last address in
 * `X-Forwarded-For` that no trusted proxy has. What stands before it was said by a stranger.
 */
export function clientAddress({ socket, headers }: IncomingMessage, trusted: BlockList | undefined): string {
  let address = plain(socket.remoteAddress ?? "");
  if (!trusted) return address;
  const claimed = String(headers["x-forwarded-for"] ?? "").split(",");
  while (isTrusted(trusted, address)) {
    const before = plain((claimed.pop() ?? "").trim());
    if (!isIP(before)) break;
    address = before;
  }
  return address;
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6");
}

/** An IPv4 address that a socket of both kinds shows as IPv6 (RFC 4291 §2.5.5.2). */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=[\d.]+$)/i, "");
}
