import { withQuery } from "@gatehouse/credentials/present";
import { type Egress, type Failure, type FetchedAnswer, type FetchOptions, failureOf } from "@gatehouse/egress/egress";
import { LOOK, SIGN_OF_LIFE } from "@gatehouse/egress/limits";
import { Fault, toFault } from "@gatehouse/faults";
import { META, MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import { parseUntrustedJson } from "@gatehouse/mcp/json";
import { asMessage, isResponse, type Message, type Response } from "@gatehouse/mcp/message";
import { readSse } from "@gatehouse/mcp/sse";
import type { OpenedWith } from "../connectors/org-credential.ts";

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

/** A server to be asked, and what to ask it with. */
export interface Upstream {
  egress: Egress;
  url: URL;
  /** What opens it, where it asks for anything. */
  opened?: OpenedWith | undefined;
  /** `host:port` that may be reached though it is not public. */
  exception?: string | null | undefined;
  /** Ends the asking. */
  signal?: AbortSignal | undefined;
}

export type Send = (options: Partial<FetchOptions> & { at?: URL }) => Promise<FetchedAnswer>;

/** Sends to the upstream with what opens it, within `LOOK`. */
export function sendWithin({ egress, url, opened, exception, signal }: Upstream): Send {
  const { presented, tls, boundary } = opened ?? UNOPENED;
  const deadline = Date.now() + LOOK.timeoutMs;
  let bytesMax = LOOK.bytesMax;

  return async function send({ at = url, headers, signal: own, ...options }) {
    const signals = [signal, own].filter((given) => given !== undefined);
    const timeoutMs = Math.max(1, deadline - Date.now());
    const answer = await egress
      .fetch(new URL(withQuery(at.href, presented.query)), {
        ...{ exception, tls, boundary, signal: AbortSignal.any(signals), bytesMax, timeoutMs },
        ...options,
        headers: { ...asRecord(presented.headers), ...headers },
      })
      .catch(explain);
    bytesMax -= answer.body.length;
    refuseStatus(answer, url, opened);
    return answer;
  };
}

/** Over Streamable HTTP. */
export function converse(send: Send): Conversation {
  let lastId = 0;

  function post(message: Message, headers: Headers, enough?: (chunk: Buffer) => boolean): Promise<FetchedAnswer> {
    return send({ method: "POST", headers: { ...STANDARD, ...headers }, body: JSON.stringify(message), enough });
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
      await send({ method: "DELETE", headers, ...SIGN_OF_LIFE }).catch(() => {});
    },
  };
}

export const STANDARD = { "content-type": "application/json", accept: "application/json, text/event-stream" };

const UNOPENED: OpenedWith = { presented: { headers: [], query: "" }, tls: undefined, boundary: undefined };

/** Names and values in turn. */
function asRecord(flat: string[]): Headers {
  const record: Headers = {};
  for (let at = 0; at < flat.length; at += 2) record[flat[at]!] = flat[at + 1]!;
  return record;
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
  }, LOOK.bytesMax);
  return {
    read(chunk: Buffer): boolean {
      sse.read(chunk);
      return response !== null;
    },
    found: () => response,
  };
}

export function responseIn(body: Buffer, id: number): Response | null {
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
function refuseStatus({ status, headers }: FetchedAnswer, url: URL, opened: OpenedWith | undefined): void {
  if (status >= 300 && status < 400) {
    const target = URL.parse(String(headers.location ?? ""), url.href)?.origin ?? "another address";
    throw unusable(
      `This address redirects to ${target}, and Gatehouse follows no redirects: enter the address that it leads to`,
    );
  }
  if (status === 401 || status === 403) throw new NotLetIn(status, opened !== undefined);
  if (status === 429) throw unusable("The server says that it is asked too often; try again in a minute");
  if (status >= 500) throw unusable(`The server fails (it answered ${status}); try again when it has recovered`);
}

const ADVICE: Partial<Record<Failure, string>> = {
  timeout: "Check that it runs, and that it lets this machine in",
  name: "Check how it is spelled",
  refused: "Check the port, and that the server runs",
  client_certificate: "Choose “Client certificate” below",
  tls: "Whoever runs the server has to mend that",
  other: "Try again; if it stays so, ask whoever runs the server",
};

const ALLOW = "Whoever runs Gatehouse can allow addresses of your own network with GATEHOUSE_EGRESS_ALLOW";

/** What kept the server from answering at all. */
function explain(thrown: unknown): never {
  const fault = toFault(thrown);
  if (fault.code === "internal") throw fault;
  if (fault.data?.canBeAllowed) throw unusable(fault.message, ALLOW, fault);
  if (fault.code === "upstream_timeout")
    throw unusable(`The server did not answer within ${LOOK.timeoutMs / 1000} seconds`, ADVICE.timeout, fault);
  throw unusable(fault.message, fault.cause ? ADVICE[failureOf(fault.cause)] : undefined, fault);
}

/** A sentence for the field in which the URL was typed, and another for what to do about it. */
export function unusable(sentence: string, todo?: string, cause?: unknown): Fault {
  const said = todo ? `${sentence}. ${todo}` : sentence;
  return new Fault("invalid_fields", said, { data: { fields: { url: said } }, cause });
}

/** The server is there, and shows nothing to whoever asks like this. */
export class NotLetIn extends Fault {
  constructor(status: number, withCredential: boolean) {
    const sentence = withCredential
      ? `The server refuses this credential (it answered ${status}). Check that it is whole, and not expired`
      : `The server wants to know who asks (it answered ${status}): it needs a credential. Choose below what it asks for`;
    super("invalid_fields", sentence, { data: { fields: { [withCredential ? "secrets" : "url"]: sentence } } });
  }
}
