import { Fault } from "@gatehouse/faults";
import { isRequest } from "@gatehouse/mcp/message";
import { type AuditRow, newAuditId } from "@gatehouse/store/audit";
import { exchanges } from "@gatehouse/telemetry/events";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { argumentKeeper } from "../kept-arguments.ts";

/** What cannot be recorded within this time does not begin. */
const LAG_MS_MAX = 1000;
/** Of an error's text, which may be an upstream's. */
const ERROR_LENGTH_MAX = 300;

/** A write is durable in the audit log before it leaves: whatever becomes of it, that it was tried is known. */
export function recordIntent({ audit, vault }: Pick<Dependencies, "audit" | "vault">): Step {
  const keepArguments = argumentKeeper({ vault });
  return function recordIntent(exchange) {
    if (audit.lagMs() > LAG_MS_MAX) {
      throw new Fault("unavailable", "The audit log cannot keep up, and no call goes unrecorded. Please try again.", {
        headers: { "retry-after": "2" },
      });
    }
    if (exchange.intentId !== null || !isRequest(exchange.message)) return;
    const isWrite = exchange.access === "write";
    if (isWrite) exchange.intentId = newAuditId();
    const keeping = keepArguments(exchange);
    if (!isWrite) return keeping;
    if (keeping) return keeping.then(() => audit.append(rowOf(exchange, "intent", "started")));
    return audit.append(rowOf(exchange, "intent", "started"));
  };
}

/** What stays open is in the audit log from when it opens; how it ended is a row of its own. */
export async function recordOpening(exchange: Exchange, { audit }: Pick<Dependencies, "audit">): Promise<void> {
  exchange.intentId = newAuditId();
  exchange.opened = true;
  await audit.append(rowOf(exchange, "intent", "opened"));
}

/** How the exchange ended. A row of its own: what is in the audit log is never changed. */
export function outcomeOf(exchange: Exchange, outcome: string): AuditRow {
  exchange.recorded = true;
  exchanges.add(1, exchange.org.slug, exchange.connector.slug, exchange.era, outcome);
  return rowOf(exchange, exchange.intentId ? "outcome" : "whole", outcome);
}

function rowOf(exchange: Exchange, phase: "whole" | "intent" | "outcome", outcome: string): AuditRow {
  const { org, token, connector, message, operation, intentId } = exchange;
  const { staticToken } = token;
  const isIntent = phase === "intent";
  return {
    id: isIntent ? intentId! : (exchange.outcomeId ?? newAuditId()),
    orgId: org.id,
    at: isIntent ? exchange.at : new Date(),
    event: "call",
    userId: token.subject,
    connectorId: connector.id,
    outcome,
    entry: {
      phase,
      ...(intentId ? { call: intentId } : {}),
      method: message === undefined ? exchange.request.method : methodOf(message),
      tool: exchange.tool?.name ?? exchange.target,
      client: staticToken ? undefined : token.clientId,
      grant: staticToken ? undefined : token.grantId,
      token: staticToken ? token.grantId : undefined,
      token_name: staticToken?.name,
      era: exchange.era,
      version: exchange.protocolVersion,
      address: exchange.clientAddress,
      arguments: phase === "outcome" ? undefined : exchange.arguments,
      error: isIntent ? undefined : exchange.error?.slice(0, ERROR_LENGTH_MAX),
      bytes_in: exchange.bytes?.length,
      ...(isIntent ? {} : { bytes_out: exchange.bytesOut, duration_ms: durationOf(exchange) }),
      trace_id: operation?.traceId,
    },
  };
}

function methodOf(message: Exchange["message"]): string {
  return "method" in message ? message.method : "response";
}

function durationOf({ arrivedAt }: Exchange): number {
  return Math.round((performance.now() - arrivedAt) * 100) / 100;
}
