import { endUpstreamSession } from "../backs/session.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";
import { outcomeOf } from "./record.ts";

/** A session that has ended here has ended, even where the upstream could not be told. */
export function endSession(deps: Dependencies): Step {
  return async function endSession(exchange) {
    await deps.sessions.end(exchange.session!, exchange.operation.operation);
    await endUpstreamSession(exchange, deps).catch((error) => {
      deps.log.debug({ err: error, connector: exchange.connector.id }, "an upstream session was not ended");
    });
    exchange.operation.end();
    await deps.audit.append(outcomeOf(exchange, "ok"));
    exchange.response.writeHead(200).end();
  };
}
