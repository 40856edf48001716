import { Fault, toFault } from "@gatehouse/faults";
import { unavailableIfUnreachable } from "@gatehouse/store/database";
import { limitsHit, refusals } from "@gatehouse/telemetry/events";
import { answerLinkNeeded } from "./credentials/answer-link-needed.ts";
import { LinkNeeded } from "./credentials/link-needed.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Exchange } from "./exchange.ts";
import { refuseOnStream } from "./fronts/http-sse.ts";
import { refuse } from "./fronts/streamable-http.ts";
import { limit } from "./steps/limit.ts";
import { outcomeOf } from "./steps/record.ts";

/** An exchange that failed is recorded as one that succeeded is: before its answer is complete. */
export function failWith(deps: Dependencies): (exchange: Exchange, error: unknown) => Promise<void> {
  const { audit, strangers, log } = deps;
  const takeFromLimit = limit(deps);

  /** What never became a message has not been counted yet; a flood of it is not a row each. */
  async function record(exchange: Exchange, fault: Fault): Promise<void> {
    if (exchange.message === undefined && exchange.request.method === "POST") await takeFromLimit(exchange);
    const cancelled = (exchange.stream ?? exchange).response.destroyed;
    const left = exchange.opened ? "closed" : "cancelled";
    const row = outcomeOf(exchange, cancelled ? left : fault.code);
    if (cancelled) return audit.enqueue(row);
    await audit.append(row);
  }

  return async function fail(exchange, error) {
    if (error instanceof LinkNeeded && (await answerLinkNeeded(exchange, error, deps))) return;
    const { operation, recorded, org } = exchange;
    let fault = toFault(unavailableIfUnreachable(error));
    if (recorded && exchange.sent && fault.code === "unavailable") fault = withheld(fault);
    if (fault.code === "internal") {
      log.error({ err: fault.cause, trace_id: operation?.traceId, span_id: operation?.spanId }, "a call failed");
    }
    operation?.end(fault.code);
    if (fault.code === "rate_limited") limitsHit.add(1, org.slug, String(fault.data?.limit));
    if (!exchange.sent) refusals.add(1, org?.slug, fault.code);
    exchange.error = fault.message;
    if (!org) strangers.note(fault.code);
    if (org && !recorded && fault.code !== "rate_limited") {
      await record(exchange, fault).catch((unrecorded) => {
        fault = toFault(unrecorded);
      });
    }
    if (exchange.stream) refuseOnStream(exchange, exchange.stream, fault);
    else refuse(exchange, fault);
  };
}

/** The upstream has answered, and what it said cannot be recorded: nobody gets it. */
function withheld(cause: Fault): Fault {
  return new Fault(
    "unavailable",
    "The upstream was reached, but its answer is withheld, for the audit log cannot be written. Look before trying again.",
    { cause, headers: cause.headers },
  );
}
