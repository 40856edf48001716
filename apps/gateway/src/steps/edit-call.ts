import { type Facts, fillArguments } from "@gatehouse/connectors/choice/edits";
import type { Request } from "@gatehouse/mcp/message";
import type { Exchange } from "../exchange.ts";

/** A call of a tool that its owner has edited becomes one of the tool as the upstream knows it. */
export function editCall(exchange: Exchange): void {
  const { tool } = exchange;
  if (tool === null || tool.edits === null) return;
  const message = exchange.message as Request;
  if (message.method !== "tools/call") return;
  const given = (message.params?.arguments ?? {}) as Record<string, unknown>;
  const filled = fillArguments(given, tool.edits, factsOf(exchange));
  exchange.message = { ...message, params: { ...message.params, name: tool.name, arguments: filled } };
  exchange.isEdited = true;
}

/** Of a service account, there is no more than its id. */
function factsOf({ org, token: { subject } }: Exchange): Facts {
  const { email = "", name = "" } = org.facts.get(subject) ?? {};
  return {
    "member.id": subject,
    "member.email": email,
    "member.name": name,
    "member.role": org.members.get(subject) ?? "member",
    "org.slug": org.slug,
    "org.name": org.name,
  };
}
