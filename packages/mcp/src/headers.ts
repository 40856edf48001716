import { Fault } from "@gatehouse/faults";
import type { Request } from "./message.ts";

/** Methods whose target is mirrored in `Mcp-Name`, and the member of the params it comes from. */
const NAMED_BY = new Map<string, "name" | "uri" | "taskId">([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

/** The tool, prompt, resource or task that a request is about; `undefined` for a method that has no target. */
export function targetOf({ method, params }: Request): string | undefined {
  const member = NAMED_BY.get(method);
  const target = member && params?.[member];
  return typeof target === "string" ? target : undefined;
}

const PLAIN = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** 2026-07-28, Streamable HTTP, Value Encoding. */
export function encodeHeaderValue(value: string): string {
  const plain = value === "" || (PLAIN.test(value) && !(value.startsWith("=?base64?") && value.endsWith("?=")));
  return plain ? value : `=?base64?${Buffer.from(value, "utf8").toString("base64")}?=`;
}

/** Encoded is what has both marks; `null` where the encoding within them is broken. */
export function decodeHeaderValue(value: string): string | null {
  if (!value.startsWith("=?base64?") || !value.endsWith("?=")) return value;
  const encoded = ENCODED.exec(value)?.[1];
  return encoded === undefined || encoded.length % 4 !== 0 ? null : Buffer.from(encoded, "base64").toString("utf8");
}

/** A parameter of a tool that is mirrored in `Mcp-Param-{name}`: the header in lower case, and its path in the arguments. */
export interface MirroredParameter {
  header: string;
  path: string[];
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MIRRORED_TYPES = new Set(["integer", "string", "boolean"]);

type Schema = Record<string, unknown>;

/**
 * The parameters that a tool's inputSchema mirrors in headers; `null` where its `x-mcp-header`s break the rules, and
 * the tool must not be offered (2026-07-28, Streamable HTTP, Schema Extension).
 */
export function mirroredParameters(inputSchema: unknown): MirroredParameter[] | null {
  const found: MirroredParameter[] = [];
  if (!collectMirrored(inputSchema, [], found)) return null;
  const unique = new Set(found.map(({ header }) => header));
  if (unique.size !== found.length) return null;
  return countAnnotations(inputSchema) === found.length ? found : null;
}

/** Follows `properties` alone; an annotation anywhere else is counted later and makes the tool invalid. */
function collectMirrored(schema: unknown, path: string[], found: MirroredParameter[]): boolean {
  if (typeof schema !== "object" || schema === null) return true;
  const { properties, "x-mcp-header": name, type } = schema as Schema;
  if (name !== undefined) {
    if (typeof name !== "string" || !TOKEN.test(name) || !MIRRORED_TYPES.has(type as string)) return false;
    found.push({ header: `mcp-param-${name.toLowerCase()}`, path });
  }
  if (typeof properties !== "object" || properties === null) return true;
  return Object.entries(properties).every(([key, child]) => collectMirrored(child, [...path, key], found));
}

function countAnnotations(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = !Array.isArray(value) && "x-mcp-header" in value ? 1 : 0;
  return Object.values(value).reduce((sum: number, child) => sum + countAnnotations(child), own);
}

/** A mirrored parameter's value as its header has it; `undefined` where the arguments have none. */
export function mirroredValue(args: unknown, { path }: MirroredParameter): string | undefined {
  let value: unknown = args;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  if (value === null || value === undefined || typeof value === "object") return undefined;
  return String(value);
}

type Headers = Record<string, string | string[] | undefined>;

/** The body must be what the headers say it is. Throws -32020 (2026-07-28, Streamable HTTP, Server Validation). */
export function checkStandardHeaders(headers: Headers, request: Request, protocolVersion: string): void {
  mustEqual("MCP-Protocol-Version", headers["mcp-protocol-version"], protocolVersion);
  mustEqual("Mcp-Method", headers["mcp-method"], request.method);
  const target = targetOf(request);
  if (target !== undefined) mustEqual("Mcp-Name", decoded("Mcp-Name", headers["mcp-name"]), target);
}

export function checkMirroredHeaders(headers: Headers, args: unknown, parameters: MirroredParameter[]): void {
  for (const parameter of parameters) {
    const value = mirroredValue(args, parameter);
    const header = decoded(parameter.header, headers[parameter.header]);
    if (value === undefined && header === undefined) continue;
    if (value === undefined) throw mismatch(`${parameter.header} is sent, but the arguments have no such value`);
    if (sameNumber(value, header)) continue;
    mustEqual(parameter.header, header, value);
  }
}

function sameNumber(value: string, header: string | undefined): boolean {
  return (
    header !== undefined && /^-?\d+(\.0+)?$/.test(header) && /^-?\d+$/.test(value) && Number(header) === Number(value)
  );
}

function decoded(name: string, value: string | string[] | undefined): string | undefined {
  if (value === undefined) return undefined;
  const plain = typeof value === "string" ? decodeHeaderValue(value) : null;
  if (plain === null) throw mismatch(`the value of ${name} cannot be decoded`);
  return plain;
}

function mustEqual(name: string, header: string | string[] | undefined, body: string): void {
  if (header === undefined) throw mismatch(`${name} is missing; the body says '${body}'`);
  if (header !== body) throw mismatch(`${name} is '${String(header)}', but the body says '${body}'`);
}

function mismatch(what: string): Fault {
  return new Fault("header_mismatch", `Header mismatch: ${what}`);
}
