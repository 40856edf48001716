import { isRequest } from "@gatehouse/mcp/message";
import { insufficientScope } from "@gatehouse/oauth/protected-resource";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";

/** Requests that read and nothing more. What is not here, and no tool that the owner has classified as a read, is a write. */
const READS = new Set(
  (
    "tools/list resources/list resources/templates/list resources/read resources/subscribe resources/unsubscribe " +
    "prompts/list prompts/get completion/complete logging/setLevel subscriptions/listen tasks/get tasks/list tasks/result"
  ).split(" "),
);

/** Requests that every valid token opens: they tell nothing that is the org's. */
const OPEN = new Set(["initialize", "ping", "server/discover"]);

const NEEDED = { read: ["mcp:read"], write: ["mcp:read", "mcp:write"] } as const;

/** The token's scope against what the owner has said of the tool. */
export function authorize({ publicUrl }: Pick<Dependencies, "publicUrl">): Step {
  return function authorize(exchange) {
    const { message, token, path } = exchange;
    if (!isRequest(message) || OPEN.has(message.method)) return;
    exchange.access = accessOf(exchange, message.method);
    if (token.scopes.has(`mcp:${exchange.access}`)) return;
    throw insufficientScope(
      publicUrl,
      path,
      NEEDED[exchange.access],
      `${exchange.target ?? message.method} needs the scope mcp:${exchange.access}, which this client was not given`,
    );
  };
}

function accessOf({ tool }: Exchange, method: string): "read" | "write" {
  if (tool) return tool.access;
  return READS.has(method) ? "read" : "write";
}
