import { Fault } from "@gatehouse/faults";
import { checkMirroredHeaders, targetOf } from "@gatehouse/mcp/headers";
import { isRequest, type Request } from "@gatehouse/mcp/message";
import { type Operation, type SpanDetails, startServer } from "@gatehouse/telemetry/mcp";
import { parseTraceparent } from "@gatehouse/telemetry/spans";
import type { Exchange, Step } from "../exchange.ts";
import { mayUse } from "../may-use.ts";

/** The methods of the specifications; others may label no metric, for a client could make up any number of them. */
const KNOWN_METHODS = new Set(
  (
    "initialize ping server/discover tools/list tools/call resources/list resources/templates/list resources/read " +
    "resources/subscribe resources/unsubscribe prompts/list prompts/get completion/complete logging/setLevel " +
    "subscriptions/listen tasks/get tasks/list tasks/result tasks/cancel tasks/update notifications/initialized " +
    "notifications/cancelled notifications/progress notifications/roots/list_changed"
  ).split(" "),
);

/** Finds what the message is about in the stored catalogue, and begins its trace. */
export const findTarget: Step = function findTarget(exchange) {
  const { message } = exchange;
  const method = "method" in message ? message.method : "response";
  if (isRequest(message)) {
    exchange.target = targetOf(message);
    if (method === "tools/call") exchange.tool = exchange.connector.tools.get(exchange.target ?? "") ?? null;
  }
  exchange.operation = startServer(operationOf(exchange, method), traceparentOf(exchange), () => describe(exchange));
  exchange.accepted = true;
  if (isRequest(message)) checkTool(exchange, message);
};

function operationOf({ org, connector, tool, protocolVersion }: Exchange, method: string): Operation {
  return {
    org: org.slug,
    connector: connector.slug,
    method: KNOWN_METHODS.has(method) ? method : "_OTHER",
    target: tool?.name,
    protocolVersion,
  };
}

/** `_meta.traceparent` before the header: intermediaries may have set the header for themselves. */
function traceparentOf({ message, request }: Exchange): string | undefined {
  const own = "method" in message ? message.params?._meta?.traceparent : undefined;
  if (typeof own === "string") return own;
  const { traceparent } = request.headers;
  return typeof traceparent === "string" ? traceparent : undefined;
}

/** Where the message names a trace of its own, the request's is linked. */
function describe({ message, token, request }: Exchange): SpanDetails {
  const transport = parseTraceparent(request.headers.traceparent as string | undefined);
  const isOther = transport !== null && "method" in message && message.params?._meta?.traceparent !== undefined;
  return {
    attributes: {
      "gatehouse.client": token.clientId,
      ...(isRequest(message) ? { "jsonrpc.request.id": String(message.id) } : {}),
    },
    links: isOther ? [{ context: transport }] : [],
  };
}

/** A tool that this member may not use does not exist for them. */
function checkTool({ tool, target, era, request, org, token }: Exchange, message: Request): void {
  if (message.method !== "tools/call") return;
  if (!tool?.offered || !mayUse(org, token, tool.openTo))
    throw new Fault("invalid_params", `Unknown tool: ${target ?? "(no name)"}`);
  if (era === "modern") checkMirroredHeaders(request.headers, message.params?.arguments, tool.mirrored);
}
