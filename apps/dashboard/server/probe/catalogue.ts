import type { Era } from "@gatehouse/mcp/eras";
import { mirroredParameters } from "@gatehouse/mcp/headers";
import type { ToolDefinition } from "@gatehouse/store/tables";
import { type Conversation, type Headers, unusable } from "./conversation.ts";

const PAGES_MAX = 50;
const TOOLS_MAX = 1000;

/** What every client takes: one name outside of it makes some of them drop the whole list. */
export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** NUL, and halves of surrogate pairs: Postgres takes neither in JSON. */
const NOT_STORABLE = /\\u0000|\\ud[89a-f]/i;

/** Every page of `tools/list`. What no client could be offered is left out, and named. */
export async function catalogue(conversation: Conversation, headers: Headers, era: Era) {
  const listed = await listPages(conversation, headers);
  const tools = new Map<string, ToolDefinition>();
  const leftOut: string[] = [];
  for (const tool of listed) {
    if (isOfferable(tool, era) && !tools.has(tool.name)) tools.set(tool.name, tool);
    else
      leftOut.push(
        String((tool as ToolDefinition | null)?.name)
          .toWellFormed()
          .slice(0, 80),
      );
  }
  return { tools: [...tools.values()], leftOut };
}

async function listPages(conversation: Conversation, headers: Headers): Promise<unknown[]> {
  const listed: unknown[] = [];
  let cursor: unknown;
  for (let page = 0; page < PAGES_MAX; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const { response, status } = await conversation.request("tools/list", params, headers);
    const tools = response?.result?.tools;
    if (!Array.isArray(tools)) throw unusable(`The server does not list its tools (it answered ${status})`);
    listed.push(...tools);
    if (listed.length > TOOLS_MAX) throw unusable(`The server has more than ${TOOLS_MAX} tools`);
    cursor = response?.result?.nextCursor;
    if (typeof cursor !== "string" || cursor === "") return listed;
  }
  throw unusable(`The server lists its tools on more than ${PAGES_MAX} pages`);
}

function isOfferable(tool: unknown, era: Era): tool is ToolDefinition {
  if (typeof tool !== "object" || tool === null) return false;
  const { name, inputSchema } = tool as Record<string, unknown>;
  if (typeof name !== "string" || !TOOL_NAME.test(name)) return false;
  if (typeof inputSchema !== "object" || inputSchema === null) return false;
  if (era === "modern" && mirroredParameters(inputSchema) === null) return false;
  return !NOT_STORABLE.test(JSON.stringify(tool));
}
