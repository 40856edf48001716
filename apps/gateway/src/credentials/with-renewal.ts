import { Fault } from "@gatehouse/faults";
import { isRequest } from "@gatehouse/mcp/message";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { isCredentialRefused } from "./credential-refused.ts";

type Used = Pick<Dependencies, "members" | "clientTokens" | "onBehalf">;

/**
 * Where the upstream refuses a token that can be renewed, it is, and the message sent once more: but for a write, which
 * nobody sends twice without its caller. `prepare` adds what opens the upstream.
 */
export function withRenewal({ members, clientTokens, onBehalf }: Used, prepare: Step, send: Step): Step {
  async function renewRefused(exchange: Exchange): Promise<boolean> {
    if (exchange.credential) return members.renewRefused(exchange);
    return exchange.clientToken?.kind === "token-exchange"
      ? onBehalf.forget(exchange)
      : clientTokens.renewRefused(exchange);
  }

  async function sendOrRenew(exchange: Exchange): Promise<void> {
    try {
      await send(exchange);
    } catch (error) {
      if (!isCredentialRefused(error) || !(await renewRefused(exchange))) throw error;
      if (isWrite(exchange)) throw renewedOnly(exchange);
      await prepare(exchange);
      await send(exchange);
    }
  }

  return function sendWithRenewal(exchange) {
    const isRenewable = exchange.credential !== null || exchange.clientToken !== null;
    return isRenewable ? sendOrRenew(exchange) : send(exchange);
  };
}

const isWrite = ({ access, message }: Exchange) => access === "write" && isRequest(message);

function renewedOnly({ connector: { name }, credential }: Exchange): Fault {
  const what = credential ? "the link to your account" : "Gatehouse's access";
  const detail = `${name} refused the call: ${what} had run out, and is renewed by now. Nothing was done. Please try again.`;
  return new Fault("upstream_failed", detail);
}
