import { Fault, renderFault, toFault } from "@gatehouse/faults";
import { unavailableIfUnreachable } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import { incidentId } from "@gatehouse/telemetry/request-span";
import type { ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";

/** Every failure under `/api` as RFC 9457 says; what is our own is logged, with an id by which whoever met it can name it. */
export function answerFault(log: Logger): ErrorHandler {
  return function answerFault(thrown, c) {
    const fault = faultOf(thrown);
    const isOurs = fault.status >= 500;
    const traceId = isOurs ? incidentId() : undefined;
    if (isOurs) log.error({ err: fault.cause ?? fault, path: c.req.path, traceId }, "request failed");
    const { status, headers, body } = renderFault(fault, "problem", { traceId });
    return new Response(body, { status, headers: { ...headers, "x-content-type-options": "nosniff" } });
  };
}

export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof HTTPException) {
    return new Fault(thrown.status === 413 ? "too_large" : "invalid_request", thrown.message, { cause: thrown });
  }
  return toFault(unavailableIfUnreachable(thrown));
}
