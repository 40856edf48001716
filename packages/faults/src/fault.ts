/**
 * Every failure that a user or a client can be told of: the HTTP status, the JSON-RPC code, the OAuth error, a title.
 * JSON-RPC codes below zero are the specification's; ours are the HTTP status, which lies outside the reserved range.
 */
const VOCABULARY = {
  parse_error: { status: 400, rpc: -32700, oauth: "invalid_request", title: "The body is not valid JSON" },
  invalid_request: { status: 400, rpc: -32600, oauth: "invalid_request", title: "The request is not valid" },
  invalid_params: { status: 400, rpc: -32602, oauth: "invalid_request", title: "The parameters are not valid" },
  invalid_fields: { status: 422, rpc: -32602, oauth: "invalid_request", title: "Some fields need attention" },
  header_mismatch: { status: 400, rpc: -32020, oauth: "invalid_request", title: "The headers contradict the body" },
  unsupported_protocol_version: {
    status: 400,
    rpc: -32022,
    oauth: "invalid_request",
    title: "This protocol version is not supported here",
  },
  method_not_found: { status: 404, rpc: -32601, oauth: "invalid_request", title: "There is no such method" },
  invalid_token: { status: 401, rpc: 401, oauth: "invalid_token", title: "A valid access token is needed" },
  not_signed_in: { status: 401, rpc: 401, oauth: "login_required", title: "Please sign in" },
  insufficient_scope: { status: 403, rpc: 403, oauth: "insufficient_scope", title: "The access token lacks a scope" },
  forbidden: { status: 403, rpc: 403, oauth: "access_denied", title: "This is not allowed" },
  not_found: { status: 404, rpc: 404, oauth: "invalid_request", title: "There is nothing here" },
  method_not_allowed: { status: 405, rpc: 405, oauth: "invalid_request", title: "This address has no such method" },
  request_timeout: { status: 408, rpc: 408, oauth: "invalid_request", title: "The request took too long to arrive" },
  conflict: { status: 409, rpc: 409, oauth: "invalid_request", title: "This conflicts with something that exists" },
  precondition_failed: { status: 412, rpc: 412, oauth: "invalid_request", title: "This has changed meanwhile" },
  key_reused: { status: 422, rpc: 422, oauth: "invalid_request", title: "The Idempotency-Key is another request's" },
  too_large: { status: 413, rpc: 413, oauth: "invalid_request", title: "The request is too large" },
  unsupported_media_type: {
    status: 415,
    rpc: 415,
    oauth: "invalid_request",
    title: "The content type is not supported",
  },
  not_acceptable: { status: 406, rpc: 406, oauth: "invalid_request", title: "No acceptable content type is offered" },
  rate_limited: { status: 429, rpc: 429, oauth: "slow_down", title: "Too many requests" },
  internal: { status: 500, rpc: -32603, oauth: "server_error", title: "Something went wrong on our side" },
  upstream_failed: { status: 502, rpc: 502, oauth: "server_error", title: "The upstream server failed" },
  egress_refused: { status: 502, rpc: 502, oauth: "server_error", title: "The upstream's address is not allowed" },
  interrupted: { status: 502, rpc: 502, oauth: "server_error", title: "The call was interrupted" },
  unavailable: { status: 503, rpc: 503, oauth: "temporarily_unavailable", title: "The service is not available" },
  upstream_timeout: { status: 504, rpc: 504, oauth: "server_error", title: "The upstream server took too long" },
} as const;

export type FaultCode = keyof typeof VOCABULARY;

export interface FaultOptions {
  /** Sent with the answer, such as `WWW-Authenticate` or `Retry-After`. Names in lower case. */
  headers?: Record<string, string>;
  /** JSON-RPC `error.data`, and further members of the problem document. */
  data?: Record<string, unknown>;
  /** For the log alone, never sent. */
  cause?: unknown;
}

/** A failure with words for the person who meets it: what happened, why, and what they can do. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: FaultCode, detail: string, { headers = {}, data, cause }: FaultOptions = {}) {
    super(detail, { cause });
    this.name = "Fault";
    this.code = code;
    this.status = VOCABULARY[code].status;
    this.headers = headers;
    this.data = data;
  }

  get rpcCode(): number {
    return VOCABULARY[this.code].rpc;
  }
}

/** Anything thrown, as a fault: what is not one already is `internal`, and its own words stay in `cause`. */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault("internal", "An unexpected error. Trying again may help; if not, ask whoever runs this server.", {
    cause: thrown,
  });
}

export interface Rendered {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * The only function that formats errors: RFC 9457 for the API, RFC 6749 §5.2 for OAuth, JSON-RPC 2.0 §5.1 for MCP.
 * `id` is the JSON-RPC id, left out where the request had none that could be read.
 */
export function renderFault(
  fault: Fault,
  as: "problem" | "oauth" | "jsonrpc",
  { id, traceId }: { id?: string | number | undefined; traceId?: string | undefined } = {},
): Rendered {
  const { status, rpc, oauth, title } = VOCABULARY[fault.code];
  const headers = { ...fault.headers, "cache-control": "no-store" };
  switch (as) {
    case "problem": {
      const body = { type: `urn:gatehouse:fault:${fault.code}`, title, status, detail: fault.message, ...fault.data };
      return {
        status,
        headers: { ...headers, "content-type": "application/problem+json" },
        body: JSON.stringify(traceId ? { ...body, traceId } : body),
      };
    }
    case "oauth":
      return {
        status,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ error: oauth, error_description: fault.message }),
      };
    case "jsonrpc": {
      const data = fault.data || traceId ? { ...fault.data, ...(traceId ? { traceId } : {}) } : undefined;
      const error = { code: rpc, message: fault.message, ...(data ? { data } : {}) };
      return {
        status,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", ...(id === undefined ? {} : { id }), error }),
      };
    }
  }
}
