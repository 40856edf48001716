import type { Readable } from "node:stream";
import { Fault } from "@gatehouse/faults";
import { writeSse } from "@gatehouse/mcp/sse";
import { backOf } from "../backs/back.ts";
import { readStream } from "../backs/listen-upstream.ts";
import { rewriteReplayed } from "../backs/rewrite.ts";
import { renewUpstreamSession } from "../backs/session.ts";
import { unchanged } from "../backs/upstream-request.ts";
import { listenAsLegacy } from "../bridges/listen.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { keepOpen, onceDrained, startStream } from "../fronts/streamable-http.ts";
import { outcomeOf, recordOpening } from "./record.ts";

/** What a session's upstream says unasked, for as long as the client holds the stream open. */
export function listen(deps: Dependencies): Step {
  return async function listen(exchange) {
    if (exchange.connector.era === "modern") await listenAsLegacy(exchange, deps);
    else await relay(exchange, await openStream(exchange, deps), deps);
    exchange.operation.end();
    deps.audit.enqueue(outcomeOf(exchange, "closed"));
  };
}

async function openStream(exchange: Exchange, deps: Dependencies): Promise<Readable> {
  const lastEventId = exchange.request.headers["last-event-id"] as string | undefined;
  const back = backOf(exchange, deps);
  let upstream = await back.listen(exchange, unchanged(exchange), lastEventId);
  if (upstream.statusCode === 404 || upstream.statusCode === 400) {
    await renewUpstreamSession(exchange, deps);
    upstream = await back.listen(exchange, unchanged(exchange));
  }
  if (upstream.statusCode === 200) return upstream.body;
  throw new Fault("method_not_allowed", "This upstream says nothing unasked", { headers: { allow: "POST, DELETE" } });
}

/** Ends when either side does; a slow client slows the upstream down. */
async function relay(exchange: Exchange, body: Readable, deps: Dependencies): Promise<void> {
  const { response } = exchange;
  response.once("close", () => body.destroy());
  await recordOpening(exchange, deps);
  startStream(response);
  keepOpen(exchange, deps.streams);
  const stay = deps.streams.whenLeaving(() => body.destroy());
  await readStream(exchange.org, body, (event) => {
    const goesOn = response.write(writeSse(rewriteReplayed(exchange, event)));
    return goesOn ? undefined : drained(response);
  });
  stay();
  response.end();
}

function drained(response: Exchange["response"]): Promise<void> {
  return new Promise((resolve) => onceDrained(response, resolve));
}
