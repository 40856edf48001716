import { Fault } from "@gatehouse/faults";
import type { Binding, BodyBinding, MemberBinding, ParameterBinding } from "./binding.ts";
import { decodeFile } from "./decode-file.ts";
import { serializeInHeader, serializeInPath, serializePairs, textOf } from "./serialize.ts";

export interface ApiRequest {
  method: string;
  /** Path and query, as they go on the wire. */
  path: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer | null;
}

export type Arguments = Readonly<Record<string, unknown>>;

export interface BuildOptions {
  /** Where the API is; paths are below it. */
  url: URL;
  /** Names of query parameters and cookies that the credential fills in, in lower case. */
  reserved?: ReadonlySet<string>;
}

/**
 * The request that a tool call becomes. Host, method and the path's own segments come from the binding alone; throws
 * `invalid_params` for an argument that would be more than a value in its place.
 */
export async function buildRequest(binding: Binding, args: Arguments, options: BuildOptions): Promise<ApiRequest> {
  const headers: Record<string, string> = { accept: binding.accept };
  for (const { argument, name, style, explode } of parametersIn(binding, "header")) {
    if (!isGiven(args, argument)) continue;
    headers[name.toLowerCase()] = serializeInHeader(argument, args[argument], style, explode);
  }
  const cookies = pairsOf(binding, "cookie", args, options);
  if (cookies.length > 0) headers.cookie = cookies.join("; ");
  const body = binding.body && (await buildBody(binding.body, args));
  if (body) headers["content-type"] = body.contentType;
  const query = pairsOf(binding, "query", args, options);
  const path = buildPath(binding, args, options.url) + (query.length > 0 ? `?${query.join("&")}` : "");
  return { method: binding.method.toUpperCase(), path, headers, body: body?.bytes ?? null };
}

const parametersIn = ({ parameters }: Binding, location: ParameterBinding["in"]) =>
  parameters.filter((parameter) => parameter.in === location);

/** An argument that is there and has a value: what the API takes for nothing is for the API to say. */
function isGiven(args: Arguments, argument: string): boolean {
  return Object.hasOwn(args, argument) && args[argument] !== undefined;
}

function buildPath(binding: Binding, args: Arguments, url: URL): string {
  const values = new Map(parametersIn(binding, "path").map((parameter) => [parameter.name, parameter]));
  const filled = binding.path.replace(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const { argument, style, explode } = values.get(name)!;
    const value = isGiven(args, argument) ? args[argument] : null;
    refuseOddSegment(argument, value);
    const segment = serializeInPath(name, value, style, explode);
    if (segment !== "") return segment;
    throw new Fault("invalid_params", `The argument ${argument} is a part of the path: it cannot be empty`);
  });
  const path = url.pathname.replace(/\/$/, "") + filled;
  // The last word: what a URL parser makes of it is what was built.
  if (new URL(path, url.origin).pathname !== path)
    throw new Fault("invalid_params", "An argument changes the request's path");
  return path;
}

/** Servers and proxies are known to decode `%2F` and `%2E` before they look at a path. */
function refuseOddSegment(argument: string, value: unknown): void {
  const texts = typeof value === "object" && value !== null ? leaves(value) : [textOf(value)];
  for (const text of texts) {
    if (/(^|[\\/])\.\.?([\\/;]|$)/.test(text) || /\p{Cc}/u.test(text)) {
      throw new Fault("invalid_params", `The argument ${argument} is a part of the path: “.” and “..” are refused`);
    }
  }
}

function leaves(value: object): string[] {
  return Object.entries(value).flatMap(([key, member]) => [
    key,
    ...(typeof member === "object" && member ? leaves(member) : [textOf(member)]),
  ]);
}

/** No argument sets what another one is for, be that given or not, nor what the credential fills in. */
function pairsOf(
  binding: Binding,
  location: "query" | "cookie",
  args: Arguments,
  { reserved = new Set() }: BuildOptions,
): string[] {
  const parameters = parametersIn(binding, location);
  const taken = new Set([...reserved, ...parameters.map(({ name }) => name.toLowerCase())]);
  return parameters.flatMap(({ argument, name, style, explode }) => {
    if (!isGiven(args, argument) || reserved.has(name.toLowerCase())) return [];
    const value = args[argument];
    if (explode && style === "form" && typeof value === "object" && value !== null && !Array.isArray(value)) {
      const other = Object.keys(value).find((key) => taken.has(key.toLowerCase()));
      if (other !== undefined) {
        throw new Fault("invalid_params", `The argument ${argument} cannot set ${other.toLowerCase()}`);
      }
    }
    return serializePairs(name, value, style, explode);
  });
}

interface BuiltBody {
  contentType: string;
  bytes: Buffer;
}

async function buildBody(body: BodyBinding, args: Arguments): Promise<BuiltBody | null> {
  const { contentType, argument } = body;
  const isJson = /^application\/json\b|\+json\b/.test(contentType);
  if (argument !== undefined)
    return isGiven(args, argument) ? wholeBody(contentType, isJson, argument, args[argument]) : null;
  const members = body.members!.filter((member) => isGiven(args, member.argument));
  if (members.length === 0 && !body.required) return null;
  if (isJson) {
    const value = Object.fromEntries(members.map(({ name, argument: from }) => [name, args[from]]));
    return { contentType, bytes: Buffer.from(JSON.stringify(value)) };
  }
  return contentType === "multipart/form-data" ? multipart(members, args) : urlEncoded(contentType, members, args);
}

function wholeBody(contentType: string, isJson: boolean, argument: string, value: unknown): BuiltBody {
  if (isJson) return { contentType, bytes: Buffer.from(JSON.stringify(value)) };
  if (/^text\/|\bxml\b/.test(contentType))
    return { contentType: `${contentType}; charset=utf-8`, bytes: Buffer.from(textOf(value)) };
  const { bytes, mediaType } = decodeFile(argument, value);
  const isOpen = contentType.includes("*");
  return { contentType: isOpen ? (mediaType ?? "application/octet-stream") : contentType, bytes };
}

/** OpenAPI 3.1 §4.8.15: lists as the same name again, objects as JSON, where nothing else is said. */
function urlEncoded(contentType: string, members: MemberBinding[], args: Arguments): BuiltBody {
  const pairs = members.flatMap(({ argument, name, style = "form", explode = style === "form" }) => {
    const value = args[argument];
    const isPlainObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return serializePairs(name, value, isPlainObject && style === "form" ? "json" : style, explode);
  });
  return { contentType, bytes: Buffer.from(pairs.join("&")) };
}

/** RFC 7578, written by the platform. */
async function multipart(members: MemberBinding[], args: Arguments): Promise<BuiltBody> {
  const form = new FormData();
  for (const member of members) {
    for (const value of partsOf(member, args[member.argument])) appendPart(form, member, value);
  }
  const response = new Response(form);
  return { contentType: response.headers.get("content-type")!, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** Each item of a list is a part of its own; a list in a part with a JSON type is one. */
function partsOf({ contentType }: MemberBinding, value: unknown): unknown[] {
  return Array.isArray(value) && !contentType?.includes("json") ? value : [value];
}

function appendPart(form: FormData, { argument, name, file, contentType }: MemberBinding, value: unknown): void {
  if (file) {
    const { bytes, mediaType, name: fileName = name } = decodeFile(argument, value);
    const type = mediaType ?? contentType ?? "application/octet-stream";
    form.append(name, new Blob([bytes], { type }), fileName);
  } else if (contentType !== undefined || typeof value === "object") {
    const text = typeof value === "object" ? JSON.stringify(value) : textOf(value);
    form.append(name, new Blob([text], { type: contentType ?? "application/json" }));
  } else form.append(name, textOf(value));
}
