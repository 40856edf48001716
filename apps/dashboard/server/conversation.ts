import type { Egress, FetchedAnswer } from "@gatehouse/egress/egress";
import { Fault, toFault } from "@gatehouse/faults";
import { META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { parseUntrustedJson } from "@gatehouse/mcp/json";
import { asMessage, isResponse, type Message, type Response } from "@gatehouse/mcp/message";
import { readSse } from "@gatehouse/mcp/sse";
import { invalidFields } from "./fields.ts";

const SECONDS_MAX = 10;
const BYTES_MAX = 4 * 1024 * 1024;

export type Headers = Record<string, string>;

export interface Answer {
  status: number;
  contentType: string;
  /** `null` where the body holds no JSON-RPC answer to what was asked. */
  response: Response | null;
  /** The header of a session that the server has opened, to be sent with what follows. */
  session: Headers;
}

/** Requests to a server that is not known yet. */
export interface Conversation {
  request(method: string, params: Record<string, unknown>, headers: Headers): Promise<Answer>;
  notify(method: string, headers: Headers): Promise<void>;
  /** Ends the session that `headers` name, if they do; a server may refuse that. */
  close(headers: Headers): Promise<void>;
}

interface Upstream {
  egress: Egress;
  url: URL;
  bearerToken?: string | undefined;
}

/** All of it together takes at most 10 s and 4 MB. */
export function converse({ egress, url, bearerToken }: Upstream): Conversation {
  const deadline = Date.now() + SECONDS_MAX * 1000;
  let bytesMax = BYTES_MAX;
  let lastId = 0;

  async function post(message: Message, headers: Headers, enough?: (chunk: Buffer) => boolean): Promise<FetchedAnswer> {
    const timeoutMs = Math.max(1, deadline - Date.now());
    const sent = { ...STANDARD, ...authorization(bearerToken), ...headers };
    const body = JSON.stringify(message);
    const answer = await egress
      .fetch(url, { method: "POST", headers: sent, body, bytesMax, timeoutMs, enough })
      .catch(explain);
    bytesMax -= answer.body.length;
    refuseStatus(answer, url, bearerToken);
    return answer;
  }

  return {
    async request(method, params, headers) {
      const id = ++lastId;
      const reader = responseReader(id);
      const answer = await post(
        { jsonrpc: "2.0", id, method, params: withEnvelope(params, headers) },
        methodHeader(method, headers),
        reader.read,
      );
      return {
        status: answer.status,
        contentType: contentTypeOf(answer),
        response: contentTypeOf(answer) === "text/event-stream" ? reader.found() : responseIn(answer.body, id),
        session: sessionOf(answer),
      };
    },
    async notify(method, headers) {
      await post({ jsonrpc: "2.0", method }, headers);
    },
    async close(headers) {
      if (!headers["mcp-session-id"]) return;
      const sent = { ...authorization(bearerToken), ...headers };
      await egress.fetch(url, { method: "DELETE", headers: sent, bytesMax: 65_536, timeoutMs: 2000 }).catch(() => {});
    },
  };
}

const STANDARD = { "content-type": "application/json", accept: "application/json, text/event-stream" };

function authorization(bearerToken: string | undefined): Headers {
  return bearerToken ? { authorization: `Bearer ${bearerToken}` } : {};
}

function isModern(headers: Headers): boolean {
  return MODERN_VERSIONS.includes(headers["mcp-protocol-version"] ?? "");
}

function methodHeader(method: string, headers: Headers): Headers {
  return isModern(headers) ? { ...headers, "mcp-method": method } : headers;
}

function withEnvelope(params: Record<string, unknown>, headers: Headers): Record<string, unknown> {
  if (!isModern(headers)) return params;
  const envelope = {
    [META.protocolVersion]: headers["mcp-protocol-version"],
    [META.clientInfo]: { name: "gatehouse", version: "0.1.0" },
    [META.clientCapabilities]: {},
  };
  return { ...params, _meta: envelope };
}

/** Finds the answer in an event stream, which its server may leave open after that. */
function responseReader(id: number) {
  let response: Response | null = null;
  const sse = readSse(({ data }) => {
    response ??= data === undefined ? null : responseIn(Buffer.from(data), id);
  }, BYTES_MAX);
  return {
    read(chunk: Buffer): boolean {
      sse.read(chunk);
      return response !== null;
    },
    found: () => response,
  };
}

function responseIn(body: Buffer, id: number): Response | null {
  try {
    const message = asMessage(parseUntrustedJson(body));
    return isResponse(message) && (message.id === id || message.id === undefined) ? message : null;
  } catch {
    return null;
  }
}

function contentTypeOf({ headers }: FetchedAnswer): string {
  return String(headers["content-type"] ?? "")
    .split(";")[0]!
    .trim()
    .toLowerCase();
}

function sessionOf({ headers }: FetchedAnswer): Headers {
  const id = headers["mcp-session-id"];
  return typeof id === "string" ? { "mcp-session-id": id } : {};
}

/** What an HTTP status says before anyone looks at the body. */
function refuseStatus({ status, headers }: FetchedAnswer, url: URL, bearerToken: string | undefined): void {
  if (status >= 300 && status < 400) {
    const target = URL.parse(String(headers.location ?? ""), url.href)?.origin ?? "another address";
    throw unusable(
      `This address redirects to ${target}, and Gatehouse follows no redirects: enter the address that it leads to`,
    );
  }
  if (status === 401 || status === 403) {
    if (bearerToken) throw invalidFields({ bearerToken: `The server refuses this token (it answered ${status})` });
    throw unusable(`The server wants to know who asks (it answered ${status}): give a bearer token for it below`);
  }
  if (status === 429) throw unusable("The server says that it is asked too often; try again in a minute");
  if (status >= 500) throw unusable(`The server fails (it answered ${status}); try again when it has recovered`);
}

/** What kept the server from answering at all. */
function explain(thrown: unknown): never {
  const fault = toFault(thrown);
  if (fault.code === "upstream_timeout")
    throw unusable(`The server did not answer within ${SECONDS_MAX} seconds`, fault);
  if (fault.code === "internal") throw fault;
  throw unusable(fault.message, fault);
}

/** A sentence for the field in which the URL was typed. */
export function unusable(sentence: string, cause?: unknown): Fault {
  return new Fault("invalid_fields", sentence, { data: { fields: { url: sentence } }, cause });
}
