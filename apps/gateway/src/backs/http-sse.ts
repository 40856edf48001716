import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import type { FetchedAnswer } from "@gatehouse/egress/egress";
import { Fault } from "@gatehouse/faults";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { Back } from "./back.ts";
import { SseCall } from "./sse-call.ts";
import { openConnection, type SseConnection } from "./sse-connection.ts";
import type { Receiver } from "./streamable-http.ts";
import type { Outbound } from "./upstream-request.ts";
import type { Upstreams } from "./upstreams.ts";

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs" | "replicaId"> & { upstreams: Upstreams };

/** As long as a client's session is kept without use. */
const IDLE_MS = 3_600_000;
const SWEEP_MS = 60_000;

/**
 * Upstreams of the deprecated HTTP+SSE transport (2024-11-05). A session there is a connection: it opens with `initialize`,
 * its id names the replica that holds it, and what is for one that has been lost is answered as a lost session is.
 */
export function openHttpSse(deps: Used): Back & AsyncDisposable {
  const connections = new Map<string, SseConnection>();

  /** `null` for one that has been lost, and where the connector has changed since. */
  function find(exchange: Exchange, { sessionId }: Outbound): SseConnection | null {
    const connection = connections.get(sessionId ?? "");
    if (connection?.serves(exchange)) return connection;
    connection?.close();
    return null;
  }

  async function open(exchange: Exchange, outbound: Outbound): Promise<SseConnection> {
    const id = `${deps.replicaId}/${randomUUID()}`;
    const connection = await openConnection(id, exchange, outbound, deps);
    connections.set(id, connection);
    connection.closed.then(() => connections.delete(id));
    return connection;
  }

  function dial(
    exchange: Exchange,
    outbound: Outbound,
    receiver: Receiver,
    { traceparent, isClients }: { traceparent: string; isClients: boolean },
  ): SseCall {
    const call = new SseCall(exchange, outbound, receiver, { ...deps, isClients });
    const connecting = outbound.sessionId === null ? open(exchange, outbound) : find(exchange, outbound);
    call.send(connecting, traceparent);
    return call;
  }

  const sweep = setInterval(() => {
    for (const connection of connections.values()) if (connection.idleMs() > IDLE_MS) connection.close();
  }, SWEEP_MS);
  sweep.unref();

  return {
    post(exchange, outbound, receiver) {
      const request = deps.upstreams.begin(exchange);
      exchange.sent = true;
      const call = dial(exchange, outbound, receiver, { traceparent: request.traceparent, isClients: true });
      call.ended.then(
        () => request.answered(200),
        (fault) => request.failed(fault.cause ?? fault, 0),
      );
      return call;
    },
    async fetch(method, exchange, outbound) {
      const { traceparent } = exchange.operation;
      if (method === "POST")
        return fetchAnswer((receiver) => dial(exchange, outbound, receiver, { traceparent, isClients: false }));
      connections.get(outbound.sessionId ?? "")?.close();
      return { status: 200, headers: {}, body: Buffer.alloc(0) };
    },
    async listen(exchange, outbound) {
      const body = new PassThrough();
      const connection = find(exchange, outbound);
      connection?.addListener(body);
      return { statusCode: connection ? 200 : 404, body };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      for (const connection of connections.values()) connection.close();
    },
  };
}

/** The answer as if it had come in the body of the POST. */
async function fetchAnswer(dial: (receiver: Receiver) => SseCall): Promise<FetchedAnswer> {
  let answer: FetchedAnswer = { status: 202, headers: {}, body: Buffer.alloc(0) };
  const call = dial({
    open() {},
    accept() {},
    event: () => true,
    onDrain() {},
    async end(_response, text, { status, sessionId }) {
      const headers = sessionId === null ? {} : { "mcp-session-id": sessionId };
      answer = { status, headers, body: Buffer.from(text) };
    },
    async leave() {
      throw new Fault("upstream_failed", "it did not answer");
    },
  });
  return (await call.ended) === "answered" ? answer : { ...answer, status: 404 };
}
