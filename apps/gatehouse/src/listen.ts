import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault, renderFault } from "@gatehouse/faults";
import { type MetricsServer, serveMetrics } from "@gatehouse/telemetry/metrics-server";

/** Longer than the 60 s for which load balancers commonly keep an idle connection, so that they close it first. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS = 10_000;
/** For the whole request to arrive; answers may take as long as they need. */
const REQUEST_MS = 60_000;

/** Takes the port at once, and answers 503 until a house is opened on the server. */
export async function listen({ host, port }: { host: string; port: number }): Promise<Server> {
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    connectionsCheckingInterval: 2000,
  });
  server.on("request", (_request, response) => {
    const fault = new Fault("unavailable", "Gatehouse is starting", { headers: { "retry-after": "1" } });
    const { status, headers, body } = renderFault(fault, "problem");
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(explain(error, host, port)));
    server.listen(port, host, resolve);
  });
  return server;
}

/** Explains what keeps the metrics from their port. */
export function openMetrics(config: { host: string; port: number }): Promise<MetricsServer> {
  return serveMetrics(config).catch((error) => {
    throw error.code === "EADDRINUSE"
      ? new Fault("conflict", `Port ${config.port} is taken by another process. Choose another with METRICS_PORT.`)
      : error;
  });
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new Fault("conflict", `Port ${port} is taken by another process. Stop that, or choose another with PORT.`);
  }
  if (error.code === "EACCES") {
    return new Fault(
      "forbidden",
      `Port ${port} needs more rights than this user has. Choose one above 1023 with PORT.`,
    );
  }
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND") {
    return new Fault("invalid_fields", `HOST is ${host}, which is no address of this machine.`);
  }
  return error;
}

/** For the exchanges that are under way when a process is told to end. */
export const GRACE_MS = 25_000;

/** How often connections are looked for that have become idle. */
const IDLE_LOOK_MS = 50;

/** Takes no more connections, lets the answers that are under way end within `graceMs`, then cuts off the rest. */
export async function close(server: Server, graceMs: number, cutOff: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS);
  const cut = setTimeout(() => {
    cutOff();
    server.closeAllConnections();
  }, graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}
