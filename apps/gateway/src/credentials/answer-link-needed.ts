import { randomUUID } from "node:crypto";
import { isRequest, type Request, type Response } from "@gatehouse/mcp/message";
import { URL_ELICITATION_REQUIRED } from "@gatehouse/mcp/translate";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { openSseFront } from "../fronts/http-sse.ts";
import { openFront } from "../fronts/streamable-http.ts";
import { outcomeOf } from "../steps/record.ts";
import { canOpenUrls, LINK_ASK } from "./link-ask.ts";
import type { LinkNeeded } from "./link-needed.ts";
import { UNOPENED, unlinkedResult } from "./unlinked.ts";

/** Requests that may be answered with a question (2026-07-28, Multi Round-Trip Requests, Supported Requests). */
const MAY_ASK = new Set(["tools/call", "prompts/get", "resources/read"]);

/**
 * An account is missing: a client that can open a page is asked to, and others are told where it is; until then it sees
 * what is stored of the upstream. `false` where there is nothing of that kind to say.
 */
export async function answerLinkNeeded(exchange: Exchange, needed: LinkNeeded, deps: Dependencies): Promise<boolean> {
  const { message, stream, response } = exchange;
  if (response.headersSent) return false;
  if (message === undefined) return answerOfSession(exchange, deps);
  const front = stream ? openSseFront(exchange, stream, deps) : openFront(exchange, deps);
  if (!isRequest(message)) {
    front.accept();
    return true;
  }
  const answer = answerTo(exchange, message, needed) ?? (await unlinked(exchange, message, needed, deps));
  if (!answer) return false;
  const whole: Response = { jsonrpc: "2.0", id: message.id, ...answer };
  await front.end(whole, JSON.stringify(whole), { status: 200, sessionId: UNOPENED });
  return true;
}

/** A session whose upstream has not been opened has no stream, and ends by itself. */
async function answerOfSession(exchange: Exchange, { sessions, audit }: Dependencies): Promise<boolean> {
  const { session, request, response, operation } = exchange;
  if (!session) return false;
  const ends = request.method === "DELETE";
  if (ends) await sessions.end(session, operation.operation);
  operation.end();
  await audit.append(outcomeOf(exchange, ends ? "ok" : "unlinked"));
  response.writeHead(ends ? 200 : 405, ends ? {} : { allow: "POST, DELETE" }).end();
  return true;
}

type Answer = Pick<Response, "result" | "error">;

async function unlinked(...asked: Parameters<typeof unlinkedResult>): Promise<Answer | null> {
  const result = await unlinkedResult(...asked);
  return result ? { result } : null;
}

function answerTo(exchange: Exchange, { method }: Request, needed: LinkNeeded): Answer | null {
  const asks = MAY_ASK.has(method) && exchange.linkAnswer !== "decline" && exchange.linkAnswer !== "cancel";
  if (asks && canOpenUrls(exchange)) return exchange.era === "modern" ? askModern(needed) : askLegacy(needed);
  return method === "tools/call" ? toolError(exchange, needed) : null;
}

/** The client opens the page, and sends the request again: it waits here for the link. */
function askModern({ message, url }: LinkNeeded): Answer {
  const ask = { method: "elicitation/create", params: { mode: "url", url, message: sentence(message, url) } };
  return { result: { resultType: "input_required", inputRequests: { [LINK_ASK]: ask } } };
}

/** 2025-11-25, Elicitation, URL Elicitation Required Error. */
function askLegacy({ message, url }: LinkNeeded): Answer {
  const elicitation = { mode: "url", elicitationId: randomUUID(), url, message: sentence(message, url) };
  return { error: { code: URL_ELICITATION_REQUIRED, message, data: { elicitations: [elicitation] } } };
}

function toolError({ era }: Exchange, { message }: LinkNeeded): Answer {
  const result = { content: [{ type: "text", text: `${message} and call again.` }], isError: true };
  return { result: era === "modern" ? { resultType: "complete", ...result } : result };
}

/** The page is named beside it. */
const sentence = (message: string, url: string) => message.replace(` Open ${url}`, "");
