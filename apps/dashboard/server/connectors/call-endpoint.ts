import { randomBytes } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { encodeHeaderValue, type MirroredParameter, mirroredValue, targetOf } from "@gatehouse/mcp/headers";
import type { Params, Request, Response } from "@gatehouse/mcp/message";
import { readSse } from "@gatehouse/mcp/sse";
import { DASHBOARD_TOKENS, type DashboardCall, openDashboardTokens } from "@gatehouse/oauth/dashboard-token";
import type { DashboardDeps } from "../dashboard.ts";
import { responseIn, STANDARD } from "../probe/conversation.ts";
import { fetchFrom } from "../signing-in/fetch-from.ts";

const CALL_MS_MAX = 5 * 60_000;
const CHARACTERS_MAX = 8 * 1024 * 1024;
const VERSION = MODERN_VERSIONS[0]!;
const ENVELOPE = {
  [META.protocolVersion]: VERSION,
  [META.clientInfo]: { name: "gatehouse-dashboard", version: "0.1.0" },
  // Its pages ask people, and lead them elsewhere.
  [META.clientCapabilities]: { elicitation: { form: {}, url: {} } },
};

export interface Asked {
  method: string;
  params: Params;
  /** Which arguments are told in headers, too. */
  mirrored?: readonly MirroredParameter[];
  signal?: AbortSignal;
}

export interface Called {
  request: Request;
  response: Response;
  /** HTTP's. */
  status: number;
  durationMs: number;
  /** By which the audit log and traces know it. */
  traceId: string;
}

export type CallEndpoint = (caller: DashboardCall, asked: Asked) => Promise<Called>;

/** Calls one of our own MCP endpoints as any client does: over HTTP, by way of the gateway, and in a member's name. */
export function endpointCaller({
  vault,
  publicUrl,
  gatewayConnectUrl,
}: Pick<DashboardDeps, "vault" | "publicUrl" | "gatewayConnectUrl">): CallEndpoint {
  const tokens = openDashboardTokens({ key: vault.derive(DASHBOARD_TOKENS), issuer: publicUrl.origin });
  const send = fetchFrom(gatewayConnectUrl);

  return async function callEndpoint(caller, { method, params, mirrored = [], signal }) {
    const traceId = randomBytes(16).toString("hex");
    const request: Request = { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: ENVELOPE } };
    const headers = {
      ...{ ...STANDARD, authorization: `Bearer ${await tokens.mint(caller)}` },
      ...{ traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-01`, "mcp-protocol-version": VERSION },
      ...targetHeaders(request, mirrored),
    };
    const signals = [AbortSignal.timeout(CALL_MS_MAX), ...(signal ? [signal] : [])];
    const startedAt = performance.now();
    const sent = { method: "POST", headers, body: JSON.stringify(request), signal: AbortSignal.any(signals) };
    const answer = await send(caller.audience, sent).catch(noAnswer);
    const body = Buffer.from(await answer.arrayBuffer());
    const durationMs = performance.now() - startedAt;
    const response = answer.headers.get("content-type")?.startsWith("text/event-stream")
      ? responseInStream(body)
      : responseIn(body, 1);
    if (!response) throw new Fault("interrupted", "The answer broke off. See in the audit log what came of the call.");
    return { request, response, status: answer.status, durationMs, traceId };
  };
}

function targetHeaders(request: Request, mirrored: readonly MirroredParameter[]): Record<string, string> {
  const target = targetOf(request);
  const values = mirrored.map((parameter) => [parameter.header, mirroredValue(request.params?.arguments, parameter)]);
  const told = [["mcp-name", target], ...values].filter(([, value]) => value !== undefined) as [string, string][];
  return {
    "mcp-method": request.method,
    ...Object.fromEntries(told.map(([name, value]) => [name, encodeHeaderValue(value)])),
  };
}

/** What was told on the way there is left out. */
function responseInStream(body: Buffer): Response | null {
  let response: Response | null = null;
  const sse = readSse(({ data }) => {
    response ??= data === undefined ? null : responseIn(Buffer.from(data), 1);
  }, CHARACTERS_MAX);
  sse.read(body);
  return response;
}

function noAnswer(cause: unknown): never {
  if (cause instanceof Fault) throw cause;
  const isLate = (cause as Error).name === "TimeoutError";
  throw isLate
    ? new Fault("upstream_timeout", "There was no answer within five minutes", { cause })
    : new Fault("unavailable", "The gateway cannot be reached from the dashboard. Please try again in a moment.", {
        cause,
      });
}
