import { toFault } from "@gatehouse/faults";
import type { Response } from "@gatehouse/mcp/message";

/** JSON-RPC's own, and what it leaves to servers (JSON-RPC 2.0, 5.1). */
const CODES = { min: -32768, max: -32000 };

/**
 * What the semantic conventions for MCP call `error.type`, of a response; `undefined` where nothing went wrong. It labels
 * metrics, and a server could make up any number of codes, or something else in place of one.
 */
export function errorTypeIn({ result, error }: Response): string | undefined {
  if (error) return Number.isInteger(error.code) && isReserved(error.code) ? String(error.code) : "_OTHER";
  return result?.isError === true ? "tool_error" : undefined;
}

/** And of what was thrown in place of one. */
export function errorTypeOf(error: unknown): string {
  return toFault(error).code;
}

const isReserved = (code: number) => code >= CODES.min && code <= CODES.max;

/** What a response says went wrong, where that is text. */
export function errorTextIn({ error }: Response): string | undefined {
  return typeof error?.message === "string" ? error.message : undefined;
}
