import { toFault } from "@gatehouse/faults";
import type { Response } from "@gatehouse/mcp/message";

/** What the semantic conventions for MCP call `error.type`, of a response; `undefined` where nothing went wrong. */
export function errorTypeIn({ result, error }: Response): string | undefined {
  if (error) return String(error.code);
  return result?.isError === true ? "tool_error" : undefined;
}

/** And of what was thrown in place of one. */
export function errorTypeOf(error: unknown): string {
  return toFault(error).code;
}
