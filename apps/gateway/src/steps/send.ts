import { Fault } from "@gatehouse/faults";
import { backOf } from "../backs/back.ts";
import { renewUpstreamSession } from "../backs/session.ts";
import type { Ending, Receiver } from "../backs/streamable-http.ts";
import { isListen, unchanged } from "../backs/upstream-request.ts";
import { sendToModern } from "../bridges/drive.ts";
import { isAboutChanges, listenAsModern } from "../bridges/listen.ts";
import { sendToLegacy } from "../bridges/park.ts";
import { readingOn } from "../bridges/read-on.ts";
import { isUnopened } from "../credentials/unlinked.ts";
import { withRenewal } from "../credentials/with-renewal.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { openSseFront } from "../fronts/http-sse.ts";
import { openFront } from "../fronts/streamable-http.ts";
import { mayConcernTasks, withTasks } from "../tasks.ts";
import { recordOpening } from "./record.ts";
import { withCredential } from "./with-credential.ts";

/** Sends the message on and answers with what comes back; once more where what opened the upstream is new by then. */
export const send = (deps: Dependencies): Step => withRenewal(deps, withCredential(deps), sendOpened(deps));

/** Once more where the upstream has lost the session. */
function sendOpened(deps: Dependencies): Step {
  return async function send(exchange) {
    if (isUnopened(exchange.session)) await openWhatIsLinked(exchange, deps);
    const front = openFrontOf(exchange, deps);
    if (isAboutChanges(exchange)) return listenAsModern(exchange, front, deps);
    if (exchange.era !== exchange.connector.era) return bridge(exchange, front, deps);
    if (isListen(exchange.message)) await recordOpening(exchange, deps);
    if ((await sendUnchanged(exchange, front, deps)) === "answered") return;
    await renewUpstreamSession(exchange, deps);
    if ((await sendUnchanged(exchange, front, deps)) === "answered") return;
    throw new Fault("upstream_failed", `${exchange.connector.name} forgets its sessions as soon as they are opened`);
  };
}

/** The client's session was opened before its member had linked an account. */
async function openWhatIsLinked(exchange: Exchange, deps: Dependencies): Promise<void> {
  if (exchange.connector.era === "legacy") await renewUpstreamSession(exchange, deps);
  else await deps.sessions.renew(exchange.session!, null);
}

function openFrontOf(exchange: Exchange, deps: Dependencies): Receiver {
  const { stream, inBatch } = exchange;
  const front = stream ? openSseFront(exchange, stream, deps) : openFront(exchange, deps);
  const concernsTasks = mayConcernTasks(exchange);
  const receiver = concernsTasks ? withTasks(exchange, front, deps) : front;
  return stream || inBatch || concernsTasks ? readingOn(exchange, receiver, deps) : receiver;
}

function bridge(exchange: Exchange, front: Receiver, deps: Dependencies): Promise<void> {
  return exchange.era === "modern" ? sendToLegacy(exchange, front, deps) : sendToModern(exchange, front, deps);
}

/** On the modern edge, a closed stream cancels (2026-07-28, Cancellation); the upstream is told in the same way. */
function sendUnchanged(exchange: Exchange, front: Receiver, deps: Dependencies): Promise<Ending> {
  const { response } = exchange;
  const call = backOf(exchange, deps).post(exchange, unchanged(exchange), front);
  if (exchange.era === "modern") {
    response.once("close", () => {
      if (!response.writableFinished) call.abort(cancelled());
    });
  }
  return call.ended;
}

const cancelled = () => new Fault("request_timeout", "The client closed the stream, which cancels the request");
