import { META } from "@gatehouse/mcp/eras";
import { isRequest, type Params } from "@gatehouse/mcp/message";
import type { Exchange } from "../exchange.ts";

/** What the question for a link is called among what a client is asked in one round. */
export const LINK_ASK = "gatehouse-link-account";

/** What the client says of it, taken out of the message: the upstream has not asked it. */
export function takeLinkAnswer(exchange: Exchange): unknown {
  const { message } = exchange;
  const params = message !== undefined && "method" in message ? message.params : undefined;
  const responses = params?.inputResponses as Record<string, { action?: unknown }> | undefined;
  if (params === undefined || typeof responses !== "object" || responses === null) return undefined;
  const { [LINK_ASK]: answer, ...others } = responses;
  if (answer === undefined) return undefined;
  if (Object.keys(others).length > 0) params.inputResponses = others;
  else delete params.inputResponses;
  exchange.bytes = Buffer.from(JSON.stringify(message));
  exchange.linkAnswer = answer?.action;
  return answer?.action;
}

/** Of a modern client by what it says with each request; of a legacy one by what it opened its session with. */
export function canOpenUrls({ era, message, session }: Exchange): boolean {
  const capabilities = era === "modern" ? modernCapabilities(message) : session?.initialize.capabilities;
  const { elicitation } = (capabilities ?? {}) as { elicitation?: Params };
  return typeof elicitation === "object" && elicitation !== null && "url" in elicitation;
}

function modernCapabilities(message: Exchange["message"]): unknown {
  return isRequest(message) ? message.params?._meta?.[META.clientCapabilities] : undefined;
}
