import { Fault } from "@gatehouse/faults";
import { isRequest } from "@gatehouse/mcp/message";
import type { AccessToken } from "@gatehouse/oauth/access-token";
import { withOrg } from "@gatehouse/store/database";
import type { LimitedSubject } from "@gatehouse/store/limits";
import { findUsed } from "@gatehouse/store/usage";
import { isListen } from "../backs/upstream-request.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { AMOUNTS, type Counting } from "../limits/amounts.ts";
import { type CallLimits, limitsOf, type Refusal } from "../limits/call-limits.ts";
import { refusalHeaders } from "../limits/headers.ts";
import type { OrgSnapshot, ToolPolicy } from "../snapshots.ts";

type Used = Pick<Dependencies, "state" | "usageDb" | "refusals">;

/** The org's, the member's, the client's and the connector's: whoever is over one is told whose it is, and when it ends. */
export function limit(deps: Used): Step {
  const known = new WeakMap<AccessToken, { org: OrgSnapshot; limits: CallLimits | null }>();
  const count = countIn(deps);

  function limitsFor({ org, token, connector }: Exchange): CallLimits | null {
    const found = known.get(token);
    if (found?.org === org) return found.limits;
    const limits = limitsOf(org, subjectsOf(token, connector.id), count);
    known.set(token, { org, limits });
    return limits;
  }

  return function limit(exchange) {
    const limits = limitsFor(exchange);
    if (limits !== null) return pass(exchange, limits, "limits", deps);
  };
}

/** The tool's, as soon as it is known which. */
export function limitTool(deps: Used): Step {
  const known = new WeakMap<ToolPolicy, CallLimits | null>();
  const count = countIn(deps);

  function limitsFor({ org, connector }: Exchange, tool: ToolPolicy): CallLimits | null {
    const found = known.get(tool);
    if (found !== undefined) return found;
    const limits = limitsOf(org, [{ subject: "tool", subjectId: `${connector.id}/${tool.name}` }], count);
    known.set(tool, limits);
    return limits;
  }

  return function limitTool(exchange) {
    const limits = exchange.tool && limitsFor(exchange, exchange.tool);
    if (limits !== null) return pass(exchange, limits, "toolLimits", deps);
  };
}

/** However an exchange ends, it is under way no more. */
export function leaveLimits(exchange: Exchange): void {
  const { limits, toolLimits } = exchange;
  if (limits === null && toolLimits === null) return;
  const bytes = (exchange.bytes?.length ?? 0) + exchange.bytesOut;
  const isCall = isCallOf(exchange);
  limits?.leave(isCall, bytes);
  toolLimits?.leave(isCall, bytes);
  exchange.limits = null;
  exchange.toolLimits = null;
}

type As = "limits" | "toolLimits";

function pass(exchange: Exchange, limits: CallLimits, as: As, deps: Used): void | Promise<void> {
  const refusal = limits.take(isCallOf(exchange));
  if (refusal instanceof Promise) return refusal.then((found) => passOrRefuse(exchange, found, limits, as, deps));
  return passOrRefuse(exchange, refusal, limits, as, deps);
}

function passOrRefuse(
  exchange: Exchange,
  refusal: Refusal | null,
  limits: CallLimits,
  as: As,
  deps: Used,
): void | Promise<void> {
  if (refusal !== null) return refuse(exchange, refusal, deps);
  exchange[as] = limits;
}

async function refuse(exchange: Exchange, refusal: Refusal, { refusals }: Used): Promise<never> {
  await refusals.note(exchange, refusal.limit);
  throw limited(refusal);
}

/** What answers, or ends, a call must not wait for it; and who only listens calls nothing. */
function isCallOf({ message }: Exchange): boolean {
  return message !== undefined && isRequest(message) && !isListen(message);
}

function subjectsOf(token: AccessToken, connectorId: string): LimitedSubject[] {
  return [
    { subject: "member", subjectId: token.subject },
    { subject: "client", subjectId: token.clientId },
    { subject: "connector", subjectId: connectorId },
    { subject: "org", subjectId: "" },
  ];
}

function countIn({ state, usageDb }: Used): (org: OrgSnapshot, subject: LimitedSubject) => Counting {
  return (org, subject) => ({
    limiter: state.limiter,
    used: (period, what) => withOrg(usageDb, org.id, async (scope) => (await findUsed(scope, subject, period))[what]),
  });
}

const WHOSE = {
  org: "This org",
  member: "This member",
  client: "This client",
  connector: "This connector",
  tool: "This tool",
};

function limited(refusal: Refusal): Fault {
  const { subject, subjectId, amount, max } = refusal.limit;
  const retryAfterSeconds = Math.ceil(refusal.waitMs / 1000);
  const endsAt = new Date(Date.now() + refusal.waitMs).toISOString();
  return new Fault(
    "rate_limited",
    `${WHOSE[subject]} is limited to ${max.toLocaleString("en")} ${AMOUNTS[amount].words}. Try again in ${retryAfterSeconds} s.`,
    {
      headers: refusalHeaders(refusal),
      data: { limit: amount, max, whose: subject, subject: subjectId, retryAfterSeconds, endsAt },
    },
  );
}
