import { Fault } from "@gatehouse/faults";
import { isRequest } from "@gatehouse/mcp/message";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { isCredentialRefused } from "./credential-refused.ts";

/**
 * Where the upstream refuses a member's own token, it is renewed, and the message sent once more: but for a write, which
 * nobody sends twice without its caller. `prepare` adds what opens the upstream.
 */
export function withRenewal({ members }: Pick<Dependencies, "members">, prepare: Step, send: Step): Step {
  async function sendOrRenew(exchange: Exchange): Promise<void> {
    try {
      await send(exchange);
    } catch (error) {
      if (!isCredentialRefused(error) || !(await members.renewRefused(exchange))) throw error;
      if (isWrite(exchange)) throw renewedOnly(exchange);
      await prepare(exchange);
      await send(exchange);
    }
  }

  return function sendWithRenewal(exchange) {
    return exchange.credential === null ? send(exchange) : sendOrRenew(exchange);
  };
}

const isWrite = ({ access, message }: Exchange) => access === "write" && isRequest(message);

const renewedOnly = ({ connector }: Exchange) =>
  new Fault(
    "upstream_failed",
    `${connector.name} refused the call: the link to your account had run out, and is renewed by now. Nothing was done. Please try again.`,
  );
