import type { Readable } from "node:stream";
import type { FetchedAnswer } from "@gatehouse/egress/egress";
import type { Transport } from "@gatehouse/store/tables";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { fetchUpstream } from "./fetch-upstream.ts";
import { openHttpSse } from "./http-sse.ts";
import { listenUpstream } from "./listen-upstream.ts";
import { openOpenapi } from "./openapi.ts";
import { postUpstream, type Receiver, type UpstreamCall } from "./streamable-http.ts";
import type { Outbound } from "./upstream-request.ts";
import type { Upstreams } from "./upstreams.ts";

/** A transport, as it is spoken to upstreams. */
export interface Back {
  /** Sends a message, and tells the receiver of what comes back. */
  post(exchange: Exchange, outbound: Outbound, receiver: Receiver): UpstreamCall;
  /** One small exchange that no client asked for: opening and ending sessions, replies to asks. */
  fetch(method: "POST" | "DELETE", exchange: Exchange, outbound: Outbound): Promise<FetchedAnswer>;
  /** Opens the stream of what a session's upstream says unasked. */
  listen(exchange: Exchange, outbound: Outbound, lastEventId?: string): Promise<UpstreamStream>;
}

/** Events, where the status is 200. */
export interface UpstreamStream {
  statusCode: number;
  body: Readable;
}

export type Backs = Record<Transport, Back> & AsyncDisposable;

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs" | "replicaId"> & { upstreams: Upstreams };

export function openBacks(deps: Used): Backs {
  const httpSse = openHttpSse(deps);
  return {
    "streamable-http": {
      post: (exchange, outbound, receiver) => postUpstream(exchange, outbound, receiver, deps),
      fetch: (method, exchange, outbound) => fetchUpstream(method, exchange, outbound, deps.egress),
      listen: (exchange, outbound, lastEventId) => listenUpstream(exchange, outbound, deps, lastEventId),
    },
    "http+sse": httpSse,
    openapi: openOpenapi(deps),
    [Symbol.asyncDispose]: () => httpSse[Symbol.asyncDispose](),
  };
}

export function backOf({ connector }: Exchange, { backs }: Pick<Dependencies, "backs">): Back {
  return backs[connector.transport];
}
