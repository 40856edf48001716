import type { IncomingHttpHeaders } from "node:http";
import { finished } from "node:stream/promises";
import { Fault } from "@gatehouse/faults";
import { newAuditId } from "@gatehouse/store/audit";
import type { Dispatcher } from "undici";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import type { Holder } from "./holder.ts";
import { INTENT_ID, OUTCOME_ID } from "./take-over.ts";

const PASSED_ON = /^(authorization|content-type|accept|traceparent|x-forwarded-for|last-event-id|mcp-.+)$/;
/** Nobody was there to take it. */
const NOT_TAKEN = /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|LEAVING)$/;

/** What a replica that is going away answers to all that others pass on to it: 421, Misdirected Request (RFC 9110 §15.5.20). */
export const LEAVING = 421;

/**
 * The replica that holds what the exchange is about goes on with it; what it answers goes to the client as it comes. It
 * also records how the exchange ends, or, where it is lost on the way, we do: by an id that lets only one of both count.
 */
export async function continueElsewhere(
  exchange: Exchange,
  { replicaId, renewable }: Holder,
  here: Step,
  deps: Dependencies,
): Promise<void> {
  const { request, response, org, token, session, operation } = exchange;
  const replicas = deps.replicas!;
  const origin = await replicas.find(replicaId).catch(unreachable);
  if (origin === null) return renewable ? here(exchange) : lose(exchange);
  exchange.outcomeId ??= newAuditId();
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  response.once("close", stop);
  const endings = [
    replicas.watch(replicaId, stop),
    deps.streams.add(org, token, () => response.destroy(), session?.id),
    ...(request.method === "GET" ? [deps.streams.whenLeaving(() => response.destroy())] : []),
  ];
  try {
    const answer = await send(exchange, origin, replicas.connections, stopped.signal);
    await relay(exchange, answer);
  } catch (cause) {
    if (renewable && NOT_TAKEN.test((cause as { code?: string }).code ?? "")) return here(exchange);
    if (!response.destroyed) lose(exchange, cause);
  } finally {
    response.off("close", stop);
    for (const end of endings) end();
  }
  exchange.recorded = true;
  operation?.end();
}

async function send(
  exchange: Exchange,
  origin: string,
  connections: Dispatcher,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const { request, bytes = null } = exchange;
  const method = request.method as Dispatcher.HttpMethod;
  exchange.sent = true;
  const answer = await connections.request({
    origin,
    path: request.url!,
    method,
    headers: headersOf(exchange),
    body: bytes,
    signal,
  });
  if (answer.statusCode !== LEAVING) return answer;
  await answer.body.dump();
  throw Object.assign(new Error("The replica is going away"), { code: "LEAVING" });
}

function headersOf({ request, outcomeId, intentId }: Exchange): IncomingHttpHeaders {
  const passedOn = Object.entries(request.headers).filter(([name]) => PASSED_ON.test(name));
  return {
    ...Object.fromEntries(passedOn),
    [OUTCOME_ID]: outcomeId!,
    ...(intentId ? { [INTENT_ID]: intentId } : {}),
  };
}

/** A stream goes on as it comes; everything else once it is there as a whole. */
async function relay({ response }: Exchange, { statusCode, headers, body }: Dispatcher.ResponseData): Promise<void> {
  body.on("error", () => {});
  const { connection: _, "keep-alive": __, "transfer-encoding": ___, date: ____, ...own } = headers;
  if (!String(headers["content-type"]).startsWith("text/event-stream")) {
    const bytes = Buffer.from(await body.arrayBuffer());
    response.writeHead(statusCode, own).end(bytes);
    return;
  }
  response.writeHead(statusCode, own).flushHeaders();
  body.pipe(response, { end: false });
  await finished(body).catch((cause) => endEvent(response, cause));
  response.end();
}

/** What broke off in the middle of an event must not become a part of the next. */
function endEvent(response: Exchange["response"], cause: unknown): never {
  if (!response.destroyed) response.write("\n\n");
  throw cause;
}

/** A stream that answers no request just ends: the client opens it again. */
function lose({ message, response }: Exchange, cause?: unknown): never {
  if (message === undefined && response.headersSent) response.destroy();
  throw interrupted(cause);
}

export function interrupted(cause?: unknown): Fault {
  return new Fault(
    "interrupted",
    "The call was interrupted, and its outcome is unknown. Look before sending it anew.",
    {
      cause,
    },
  );
}

function unreachable(cause: unknown): never {
  throw new Fault("unavailable", "The replica that holds this call cannot be found just now. Please try again.", {
    cause,
    headers: { "retry-after": "2" },
  });
}
