import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listMetrics } from "./metrics.ts";
import { OPEN_METRICS_TYPE, renderOpenMetrics } from "./open-metrics.ts";

/** What this process depends on, each `ok` or what is wrong with it. */
export interface Readiness {
  ready: boolean;
  dependencies: Record<string, string>;
}

export interface MetricsServer extends AsyncDisposable {
  port: number;
  /** What `/readyz` answers from now on; until then this process starts. */
  answerReadiness(readiness: () => Promise<Readiness>): void;
}

/** `/metrics`, `/livez`, and `/readyz` with the state of each dependency: for the operator's network alone. */
export async function serveMetrics({ host, port }: { host: string; port: number }): Promise<MetricsServer> {
  let readiness: () => Promise<Readiness> = async () => ({ ready: false, dependencies: {} });

  async function answerReady(response: ServerResponse): Promise<void> {
    const state = await readiness();
    answer(response, state.ready ? 200 : 503, "application/json", JSON.stringify(state));
  }

  function respond({ url, method }: IncomingMessage, response: ServerResponse): void {
    const path = url!.split("?", 1)[0];
    if (method !== "GET") answer(response, 405, "text/plain", "GET alone\n");
    else if (path === "/metrics") answer(response, 200, OPEN_METRICS_TYPE, renderOpenMetrics(listMetrics()));
    else if (path === "/livez") answer(response, 200, "text/plain", "ok\n");
    else if (path === "/readyz") void answerReady(response);
    else answer(response, 404, "text/plain", "/metrics, /livez and /readyz\n");
  }

  const server = createServer(respond);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    answerReadiness(given) {
      readiness = given;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function answer(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" }).end(body);
}
