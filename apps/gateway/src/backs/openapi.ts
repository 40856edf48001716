import { setTimeout as after } from "node:timers/promises";
import { applyEdits } from "@gatehouse/connectors/choice/edits";
import { type ApiRequest, type Arguments, buildRequest } from "@gatehouse/connectors/http/build-request";
import { argumentsProblem } from "@gatehouse/connectors/http/check-arguments";
import { type Answered, type ApiAnswer, readAnswer, type ToolResult } from "@gatehouse/connectors/http/read-answer";
import { type Presented, withQuery } from "@gatehouse/credentials/present";
import { CALL } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { isRequest, type Request, type Response } from "@gatehouse/mcp/message";
import { CredentialRefused } from "../credentials/credential-refused.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { mayUse } from "../may-use.ts";
import type { ApiOperation, ConnectorSnapshot, ToolPolicy } from "../snapshots.ts";
import type { Back } from "./back.ts";
import { Intake } from "./intake.ts";
import { type Ending, endless, ofConnector, overAt, type Receiver, type UpstreamCall } from "./streamable-http.ts";
import { type Outbound, targetOf } from "./upstream-request.ts";
import type { Upstreams } from "./upstreams.ts";

type Used = Pick<Dependencies, "egress" | "upstreamTimeoutMs"> & { upstreams: Upstreams };

const NO_STREAM = () => Promise.reject(new Fault("method_not_allowed", "An API says nothing unasked"));

/** An API as a modern MCP server, which the gateway itself is: its operations are the tools. */
export function openOpenapi(deps: Used): Back {
  return {
    post: (exchange, outbound, receiver) => answerCall(exchange, outbound, receiver, deps),
    fetch: NO_STREAM,
    listen: NO_STREAM,
  };
}

function answerCall(exchange: Exchange, outbound: Outbound, receiver: Receiver, deps: Used): UpstreamCall {
  const aborting = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    aborting.signal.addEventListener("abort", () => reject(aborting.signal.reason));
  });
  aborted.catch(() => {});
  async function answer(): Promise<Ending> {
    const { message } = outbound;
    if (!message || !isRequest(message)) {
      receiver.accept();
      return "answered";
    }
    const response = await Promise.race([answerRequest(exchange, message, aborting.signal, deps), aborted]);
    // A method that is not there is HTTP's 404 too (2026-07-28, Streamable HTTP, Error Handling).
    const status = response.error ? 404 : 200;
    await receiver.end(response, JSON.stringify(response), { status, sessionId: null });
    return "answered";
  }
  return { ended: answer(), abort: (fault) => aborting.abort(fault) };
}

async function answerRequest(exchange: Exchange, request: Request, signal: AbortSignal, deps: Used): Promise<Response> {
  const { id, method } = request;
  const answer = ANSWERS.get(method);
  if (!answer) return { jsonrpc: "2.0", id, error: { code: -32601, message: `There is no method ${method}` } };
  const result = await answer(exchange, request, signal, deps);
  return { jsonrpc: "2.0", id, result: { resultType: "complete", ...result } };
}

type Answer = (exchange: Exchange, request: Request, signal: AbortSignal, deps: Used) => object | Promise<object>;

const ANSWERS = new Map<string, Answer>([
  [
    "server/discover",
    ({ connector: { name } }) => ({
      supportedVersions: MODERN_VERSIONS,
      capabilities: { tools: {} },
      ttlMs: 0,
      cacheScope: "private",
      _meta: { [META.serverInfo]: { name, version: "1" } },
    }),
  ],
  ["tools/list", (exchange) => ({ tools: listTools(exchange), ttlMs: 0, cacheScope: "private" })],
  ["tools/call", callTool],
]);

function listTools({ org, token, connector }: Exchange): object[] {
  const offered = [...connector.tools.values()].filter((tool) => tool.offered && mayUse(org, token, tool.openTo));
  return offered.map(({ api, edits }) => applyEdits(api!.definition, edits));
}

/** Arguments that do not fit are for the model to mend (2025-11-25, Tools, Error Handling). */
async function callTool(exchange: Exchange, { params }: Request, signal: AbortSignal, deps: Used): Promise<ToolResult> {
  const tool = exchange.tool!;
  const args = (params?.arguments ?? {}) as Arguments;
  const { definition, binding } = tool.api!;
  const problem = argumentsProblem(definition.inputSchema as never, args);
  if (problem !== null) return refused(problem);
  const { connector } = exchange;
  const url = new URL(connector.path, connector.origin);
  try {
    const request = await buildRequest(binding, args, { url, reserved: reservedNames(connector) });
    return readAnswer(await fetchApi(exchange, request, signal, deps), answered(tool.api!, tool));
  } catch (error) {
    if (error instanceof Fault && error.code === "invalid_params") return refused(error.message);
    throw error;
  }
}

const refused = (problem: string): ToolResult => ({
  content: [{ type: "text", text: `Nothing was sent: ${problem}.` }],
  isError: true,
});

const answeredBy = new WeakMap<ToolPolicy, Answered>();

/** Once for each tool: the schema that it is checked by is compiled, and known by its identity. */
function answered({ definition }: ApiOperation, tool: ToolPolicy): Answered {
  const known = answeredBy.get(tool);
  if (known) return known;
  const { inputSchema, outputSchema } = applyEdits(definition, tool.edits);
  const made: Answered = {
    dropped: tool.edits?.dropped ?? [],
    outputSchema: outputSchema as never,
    argumentNames: Object.keys((inputSchema as { properties?: object } | undefined)?.properties ?? {}),
  };
  answeredBy.set(tool, made);
  return made;
}

/** What the credential fills in, no argument does. */
function reservedNames({ access }: ConnectorSnapshot): ReadonlySet<string> {
  return new Set(
    access
      .map((way) => (way.kind === "member-secret" ? way.as : way))
      .flatMap((way) => (way.kind === "query" || way.kind === "cookie" ? [way.name.toLowerCase()] : [])),
  );
}

async function fetchApi(exchange: Exchange, request: ApiRequest, signal: AbortSignal, deps: Used): Promise<ApiAnswer> {
  const attributes = { "http.request.method": request.method };
  const upstream = deps.upstreams.begin(exchange, { attributes });
  exchange.sent = true;
  const sent = { request, traceparent: upstream.traceparent, signal };
  try {
    const answer = await fetchOnce(exchange, sent, deps).catch(async (error) => {
      const retryAfterMs = upstream.retryAfterMs(error);
      if (retryAfterMs === null) throw error;
      await after(retryAfterMs, undefined, { signal });
      return fetchOnce(exchange, sent, deps);
    });
    upstream.answered(answer.status, answer.status >= 400 ? String(answer.status) : undefined);
    return answer;
  } catch (error) {
    const status = error instanceof CredentialRefused ? 401 : 0;
    upstream.failed(error as Error, status);
    throw ofConnector(error as Error, exchange);
  }
}

interface Sent {
  request: ApiRequest;
  traceparent: string;
  signal: AbortSignal;
}

async function fetchOnce(
  exchange: Exchange,
  { request, traceparent, signal }: Sent,
  { egress, upstreamTimeoutMs }: Used,
): Promise<ApiAnswer> {
  const endsAt = overAt(upstreamTimeoutMs);
  const presented = exchange.opening?.present() ?? { headers: [], query: "" };
  const answer = await egress.pool(targetOf(exchange)).request({
    path: withQuery(request.path, presented.query),
    method: request.method,
    headers: headersOf(request, presented, traceparent),
    body: request.body,
    headersTimeout: upstreamTimeoutMs,
    bodyTimeout: upstreamTimeoutMs,
    signal,
  });
  answer.body.on("error", () => {});
  if (answer.statusCode === 401 && (exchange.credential ?? exchange.clientToken) !== null) {
    answer.body.destroy();
    throw new CredentialRefused(answer.statusCode);
  }
  const contentType = String(answer.headers["content-type"] ?? "");
  return { status: answer.statusCode, contentType, ...(await readBody(answer.body, endsAt, new Intake(exchange.org))) };
}

/** What opens the API has the last word over what an argument became. */
function headersOf({ headers, body }: ApiRequest, presented: Presented, traceparent: string): Record<string, string> {
  const all: Record<string, string> = { ...headers, "user-agent": "gatehouse", traceparent };
  for (let at = 0; at < presented.headers.length; at += 2) {
    const [name, value] = [presented.headers[at]!, presented.headers[at + 1]!];
    all[name] = name === "cookie" && all.cookie ? `${all.cookie}; ${value}` : value;
  }
  if (body) all["content-length"] = String(body.length);
  return all;
}

async function readBody(
  stream: AsyncIterable<Buffer> & { destroy(): void },
  endsAt: number,
  intake: Intake,
): Promise<{ body: Buffer; isCut: boolean }> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      const now = performance.now();
      if (now > endsAt) throw endless();
      chunks.push(chunk);
      length += chunk.length;
      if (length > CALL.apiAnswerBytesMax) {
        stream.destroy();
        return { body: Buffer.concat(chunks).subarray(0, CALL.apiAnswerBytesMax), isCut: true };
      }
      const restMs = intake.take(chunk.length, now);
      if (restMs > 0) await after(restMs);
    }
    return { body: Buffer.concat(chunks), isCut: false };
  } finally {
    intake.letGo();
  }
}
