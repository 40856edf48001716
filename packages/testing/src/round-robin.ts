import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export interface RoundRobin extends AsyncDisposable {
  url: URL;
  authPort: number;
  gatewayPorts: number[];
  /** Which gateway gets every request; `null`: each request goes to another than the one before. */
  only: number | null;
}

const AUTH =
  /^\/(oauth\/|connect\/|account\/|api\/|dashboard|\.well-known\/(oauth-authorization-server|openid-configuration))/;

/** The least reverse proxy: keeps `Host`, holds nothing back, and tries the next gateway where one is not there. */
export async function startRoundRobin(): Promise<RoundRobin> {
  let turn = 0;
  const server = createServer((request, response) => {
    const { authPort, gatewayPorts, only } = proxy;
    if (AUTH.test(request.url!)) return pass(request, response, [authPort]);
    if (only !== null) return pass(request, response, [gatewayPorts[only]!]);
    const first = turn++ % gatewayPorts.length;
    pass(request, response, [...gatewayPorts.slice(first), ...gatewayPorts.slice(0, first)]);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: RoundRobin = {
    url: new URL(`http://localhost:${(server.address() as AddressInfo).port}`),
    authPort: 0,
    gatewayPorts: [],
    only: null,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return proxy;
}

/** To the first of the ports that takes connections. What breaks off on one side breaks off on the other. */
function pass(request: IncomingMessage, response: ServerResponse, [port, ...others]: number[]): void {
  const { url: path, method, headers } = request;
  const onward = send({ host: "127.0.0.1", port, path, method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers).flushHeaders();
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  onward.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED" && others.length > 0) pass(request, response, others);
    else response.destroy();
  });
  response.once("close", () => onward.destroy());
  onward.once("socket", (socket) => socket.once("connect", () => request.pipe(onward)));
}
