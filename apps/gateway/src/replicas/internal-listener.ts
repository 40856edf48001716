import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import type { Vault } from "@gatehouse/vault/vault";
import { acceptingProof } from "./mutual-proof.ts";

/** Where replicas pass requests on to one another; nobody else gets a word out of it. */
export interface InternalListener extends AsyncDisposable {
  server: Server;
  /** Where other replicas reach it. */
  origin: string;
}

/** Longer than replicas keep their connections, so that none is closed as it is used. */
const KEEP_ALIVE_MS = 65_000;

/** `host` is an address that the other replicas reach, or all of this machine's; 0 lets the system choose the port. */
export async function listenInternally({
  host,
  port,
  vault,
}: {
  host: string;
  port: number;
  vault: Vault;
}): Promise<InternalListener> {
  const server = createServer({ ...acceptingProof(vault), keepAliveTimeout: KEEP_ALIVE_MS });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    server,
    origin: `https://${inUrl(reachable(host))}:${chosen}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Where it listens on all addresses, others are told the first that is not this machine's alone. */
function reachable(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host;
  const family = host === "::" ? "IPv6" : "IPv4";
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outward = addresses.find((address) => !address.internal && address.family === family);
  return outward?.address ?? (family === "IPv6" ? "::1" : "127.0.0.1");
}

const inUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);
