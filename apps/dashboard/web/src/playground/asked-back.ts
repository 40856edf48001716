import type { Called } from "../api/connectors/playground.ts";
import { isSchema, type Schema } from "./form/shape.ts";

/** What a server wants to know before it goes on (2026-07-28, Multi Round-Trip Requests). */
export interface Asked {
  requests: Question[];
  /** Whatever else the next round carries. */
  state: { requestState?: unknown };
}

export interface Question {
  id: string;
  message: string;
  /** A form to fill in, a page to go to, or something that the dashboard cannot do. */
  ask: { schema: Schema } | { url: URL } | { method: string };
}

/** `null` for an answer that is the last one. */
export function askedBackIn({ result }: Called["response"]): Asked | null {
  const { resultType, inputRequests, requestState } = (result ?? {}) as Record<string, unknown>;
  if (resultType !== "input_required" || !isSchema(inputRequests)) return null;
  const requests = Object.entries(inputRequests).map(([id, request]) =>
    questionOf(id, isSchema(request) ? request : {}),
  );
  return { requests, state: requestState === undefined ? {} : { requestState } };
}

function questionOf(id: string, { method, params }: Schema): Question {
  const { message, mode, url, requestedSchema } = isSchema(params) ? params : ({} as Schema);
  const said = { id, message: typeof message === "string" ? message : "" };
  if (method !== "elicitation/create") return { ...said, ask: { method: String(method) } };
  const page = mode === "url" ? URL.parse(String(url)) : null;
  if (page && /^https?:$/.test(page.protocol)) return { ...said, ask: { url: page } };
  return { ...said, ask: { schema: isSchema(requestedSchema) ? requestedSchema : { type: "object", properties: {} } } };
}
