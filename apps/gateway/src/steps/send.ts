import { Fault } from "@gatehouse/faults";
import { renewUpstreamSession } from "../backs/session.ts";
import { postUpstream } from "../backs/streamable-http.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";
import { openFront } from "../fronts/streamable-http.ts";

/** Sends the message on and answers with what comes back; once more where the upstream has lost the session. */
export function send(deps: Dependencies): Step {
  return async function send(exchange) {
    const front = openFront(exchange, deps);
    if ((await postUpstream(exchange, front, deps)) === "answered") return;
    await renewUpstreamSession(exchange, deps);
    if ((await postUpstream(exchange, front, deps)) === "answered") return;
    throw new Fault("upstream_failed", `${exchange.connector.name} forgets its sessions as soon as they are opened`);
  };
}
