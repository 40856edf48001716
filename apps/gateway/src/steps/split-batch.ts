import { Fault } from "@gatehouse/faults";
import { BATCHED_VERSION } from "@gatehouse/mcp/eras";
import { asMessage, batchRefused } from "@gatehouse/mcp/message";
import type { Dependencies } from "../dependencies.ts";
import { type Answer, Exchange, type Step } from "../exchange.ts";
import { failWith } from "../fail.ts";
import { BatchAnswer } from "../fronts/batch.ts";
import { findSession } from "./find-session.ts";
import { leaveLimits } from "./limit.ts";

const MEMBERS_MAX = 50;

/**
 * Each member of a batch is an exchange of its own, and goes the way of a message that comes alone: authorized, limited
 * and recorded for itself (2025-03-26, Sending Messages to the Server).
 */
export function splitBatch(deps: Dependencies, onMessage: Step): Step {
  const enterSession = findSession(deps);
  const fail = failWith(deps);

  async function run(exchange: Exchange, value: unknown): Promise<void> {
    try {
      exchange.message = asMessage(value);
      await onMessage(exchange);
    } catch (error) {
      await fail(exchange, error);
    } finally {
      leaveLimits(exchange);
    }
  }

  async function answerBatch(exchange: Exchange, values: unknown[]): Promise<void> {
    checkMembers(values);
    exchange.era = "legacy";
    if (exchange.request.headers["mcp-session-id"] === undefined) throw batchRefused();
    await enterSession(exchange);
    if (exchange.session!.protocolVersion !== BATCHED_VERSION) throw batchRefused();
    const answer = new BatchAnswer(exchange.response, values.length, values.some(isRequest));
    await Promise.all(values.map((value, index) => run(memberOf(exchange, value, answer.memberAt(index)), value)));
    await answer.end();
  }

  return function splitBatch(exchange) {
    if (exchange.batch === null) return;
    exchange.isAnswered = true;
    return answerBatch(exchange, exchange.batch);
  };
}

function checkMembers(values: unknown[]): void {
  if (values.length === 0) throw new Fault("invalid_request", "The batch is empty");
  if (values.length > MEMBERS_MAX) throw new Fault("too_large", `A batch may have ${MEMBERS_MAX} messages at most`);
  if (values.some((value) => methodOf(value) === "initialize")) {
    throw new Fault("invalid_request", "initialize comes alone: a session cannot be used before it is open");
  }
}

function methodOf(value: unknown): unknown {
  return (value as { method?: unknown } | null)?.method;
}

function isRequest(value: unknown): boolean {
  return methodOf(value) !== undefined && "id" in (value as object);
}

function memberOf({ request, path, audience, token, org, connector }: Exchange, value: unknown, answer: Answer) {
  const member = new Exchange(request, answer, { path, audience });
  const bytes = Buffer.from(JSON.stringify(value));
  return Object.assign(member, {
    ...{ token, org, connector, bytes, inBatch: true },
    ...{ era: "legacy" as const, protocolVersion: BATCHED_VERSION },
  });
}
