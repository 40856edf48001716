import { Fault } from "@gatehouse/faults";

/** JSON-RPC 2.0 as MCP uses it. Members that are not named here are kept as they are. */
export type RequestId = string | number;

export interface Request {
  jsonrpc: "2.0";
  id: RequestId;
  method: string;
  params?: Params;
}

export interface Notification {
  jsonrpc: "2.0";
  method: string;
  params?: Params;
}

export interface Response {
  jsonrpc: "2.0";
  id?: RequestId;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: unknown };
}

export interface Params {
  name?: unknown;
  uri?: unknown;
  arguments?: unknown;
  _meta?: Record<string, unknown>;
  [member: string]: unknown;
}

export type Message = Request | Notification | Response;

export function isRequest(message: Message): message is Request {
  return "method" in message && "id" in message;
}

export function isResponse(message: Message): message is Response {
  return !("method" in message);
}

/** Takes what was parsed for one message. Throws `invalid_request` where it is none: batches, wrong version, no method. */
export function asMessage(value: unknown): Message {
  if (Array.isArray(value)) throw batchRefused();
  if (typeof value !== "object" || value === null) throw new Fault("invalid_request", "A message is a JSON object");
  const message = value as Record<string, unknown>;
  if (message.jsonrpc !== "2.0") throw new Fault("invalid_request", 'A message has "jsonrpc": "2.0"');
  checkId(message);
  if (message.method === undefined) return asResponse(message);
  if (typeof message.method !== "string") throw new Fault("invalid_request", "The method is a string");
  checkParams(message.params);
  checkIsAnswered(message);
  return message as unknown as Message;
}

/** Batches came with 2025-03-26, and went with it. */
export function batchRefused(): Fault {
  return new Fault("invalid_request", "JSON-RPC batches are not supported; send one message per request");
}

function checkId(message: Record<string, unknown>): void {
  if (!("id" in message)) return;
  const { id } = message;
  if (typeof id === "string" || Number.isInteger(id)) return;
  throw new Fault("invalid_request", "The id is a string or an integer, and never null");
}

/** Servers do what is asked of them without an id, too; what nobody waits for is a notification (2025-11-25, Notifications). */
function checkIsAnswered(message: Record<string, unknown>): void {
  if ("id" in message || (message.method as string).startsWith("notifications/")) return;
  throw new Fault("invalid_request", "A request has an id; only notifications have none");
}

function asResponse(message: Record<string, unknown>): Response {
  const answers = Number("result" in message) + Number("error" in message);
  if (answers === 1) return message as unknown as Response;
  throw new Fault("invalid_request", "A message has a method, or else either a result or an error");
}

function checkParams(params: unknown): void {
  if (params === undefined) return;
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    throw new Fault("invalid_params", "The params are an object");
  }
  const meta = (params as Params)._meta;
  if (meta === undefined) return;
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) {
    throw new Fault("invalid_params", "The member _meta of the params is an object");
  }
}
