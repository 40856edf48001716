import { Fault } from "@gatehouse/faults";
import { METHODS } from "../http/binding.ts";
import { locate } from "./locate.ts";
import { nameTools, TOOL_NAME_CHARACTERS_MAX } from "./name-tool.ts";
import { type ApiOperation, type OperationPlace, operationTitle, operationToTool } from "./operation-to-tool.ts";
import { follow, isObject, type JsonObject, pointerTo } from "./pointer.ts";
import { type Description, readDescription } from "./read-description.ts";
import { credentialNames, readSecurity, type SecurityChoice } from "./security.ts";
import { serverUrl } from "./servers.ts";

export interface ApiTool extends ApiOperation {
  /** `GET /pets/{petId}`: what an operation is known by when the description is imported anew. */
  key: string;
  /** What an owner is proposed: reads are offered, what changes something is not, nor is what is deprecated. */
  suggested: { offered: boolean; classification: "read" | "write" };
}

/** Something that could not be taken over as it stands. */
export interface ImportNote {
  /** A JSON Pointer into the description. */
  pointer: string;
  /** From 1 on; not there where the text is very long. */
  line?: number;
  problem: string;
  /** The whole operation is missing, and not only a part of what is known of it. */
  leftOut: boolean;
}

export interface ImportedApi {
  title: string;
  version: Description["version"];
  /** Where the API is, or `null` where the description does not say. */
  url: string | null;
  operations: number;
  tools: ApiTool[];
  notes: ImportNote[];
  security: SecurityChoice[];
  /** Other documents that it refers to, and that were not there. */
  missing: string[];
}

export interface ImportOptions {
  /** Where the description was found, which relative servers and references are relative to. */
  foundAt?: URL | null;
  /** Texts of documents that the description may refer to, by URL. */
  external?: ReadonlyMap<string, string>;
  /** What the API's URL is, if the owner says so. */
  url?: URL | null;
  /** The names that operations had before, by key: they keep them. */
  names?: ReadonlyMap<string, string>;
  onProgress?: (done: number, all: number) => void;
}

const NOTES_MAX = 500;
const OPERATIONS_MAX = 10_000;

/**
 * An API's description as tools. What is sound is taken, what is not is in the notes. Throws `invalid_params` if nothing is,
 * and no document is missing that might change that.
 */
export function importDescription(text: string, options: ImportOptions = {}): ImportedApi {
  const { document, version, title, missing } = readDescription(text, options);
  const notes = openNotes();
  const foundAt = options.foundAt ?? null;
  const url = options.url ?? serverUrl(document.servers, foundAt);
  if (document.servers !== undefined && !url)
    notes.add("#/servers", "no server has a whole URL: say where the API is", false);
  const security = readSecurity(document, notes.note);
  const places = operationsOf(document, notes);
  const isCredential = credentialNames(security);
  const operations: ApiOperation[] = [];
  places.forEach((place, index) => {
    if (index % 50 === 0) options.onProgress?.(index, places.length);
    try {
      const pathPrefix = prefixOf(place, document, url, foundAt);
      const source = { document, version, note: notes.note, isCredential, pathPrefix };
      operations.push(refuseUnstorable(operationToTool(source, place)));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      notes.add(place.pointer, `${operationTitle(place)} is left out: ${error.message}`, true);
    }
  });
  if (operations.length === 0 && missing.length === 0) throw nothingLeft(places.length, notes.list);
  const found = { title, version, url: url?.href.replace(/\/$/, "") ?? null, operations: places.length };
  const tools = toTools(operations, options.names);
  return { ...found, tools, notes: withLines(text, notes.list), security, missing };
}

/** NUL, and halves of surrogate pairs: databases take neither in JSON. */
function refuseUnstorable(operation: ApiOperation): ApiOperation {
  if (!/\\u0000|\\ud[89a-f]/i.test(JSON.stringify(operation))) return operation;
  throw new Fault("invalid_params", "it holds a NUL character, or half of one");
}

function nothingLeft(operations: number, notes: ImportNote[]): Fault {
  if (operations === 0)
    return new Fault("invalid_params", "The description has no operations: “paths” is missing or empty");
  return new Fault(
    "invalid_params",
    `None of its ${operations} operations can be a tool. The first: ${notes[0]?.problem}`,
  );
}

function openNotes() {
  const list: ImportNote[] = [];
  const seen = new Set<string>();
  function add(pointer: string, problem: string, leftOut: boolean): void {
    const key = `${pointer} ${problem}`;
    if (seen.has(key) || (list.length >= NOTES_MAX && !leftOut)) return;
    seen.add(key);
    list.push({ pointer, problem, leftOut });
  }
  return { list, add, note: (pointer: string, problem: string) => add(pointer, problem, false) };
}

function withLines(text: string, notes: ImportNote[]): ImportNote[] {
  const lines = locate(
    text,
    notes.map(({ pointer }) => pointer),
  );
  return notes.map((note) => (lines.has(note.pointer) ? { ...note, line: lines.get(note.pointer)! } : note));
}

function operationsOf(document: JsonObject, notes: ReturnType<typeof openNotes>): OperationPlace[] {
  const paths = isObject(document.paths) ? Object.entries(document.paths) : [];
  const places = paths.flatMap(([path, value]) => {
    if (path.startsWith("x-")) return [];
    const pointer = pointerTo("paths", path);
    const problem = pathProblem(path);
    if (problem) {
      notes.add(pointer, `${path} is left out: ${problem}`, true);
      return [];
    }
    return placesOf(document, path, value, pointer, notes);
  });
  if (places.length > OPERATIONS_MAX) {
    notes.add("#/paths", `only the first ${OPERATIONS_MAX} of ${places.length} operations are taken`, true);
  }
  return places.slice(0, OPERATIONS_MAX);
}

function placesOf(
  document: JsonObject,
  path: string,
  value: unknown,
  pointer: string,
  notes: ReturnType<typeof openNotes>,
): OperationPlace[] {
  try {
    const { value: pathItem, pointer: pathItemPointer } = follow(document, { value, pointer });
    return METHODS.flatMap((method) => {
      const operation = pathItem[method];
      if (operation === undefined || method === "trace" || method === "options") return [];
      const place = pointerTo("paths", path, method);
      if (isObject(operation)) return [{ method, path, pointer: place, operation, pathItem, pathItemPointer }];
      notes.add(place, `${method.toUpperCase()} ${path} is left out: there should be an object here`, true);
      return [];
    });
  } catch (error) {
    notes.add(pointer, `${path} is left out: ${(error as Error).message}`, true);
    return [];
  }
}

function pathProblem(path: string): string | null {
  if (!path.startsWith("/")) return "a path begins with a slash";
  if (/[?#\\\s]|\/\/|\/\.{1,2}(\/|$)/.test(path))
    return "a path has no query, fragment, backslash, space or dot segment";
  return null;
}

/** An operation may have a server of its own: another path there is fine, another origin is another connector. */
function prefixOf({ operation, pathItem }: OperationPlace, document: JsonObject, url: URL | null, foundAt: URL | null) {
  const own = serverUrl(operation.servers ?? pathItem.servers, foundAt);
  if (!own) return "";
  const base = url ?? serverUrl(document.servers, foundAt);
  if (!base || own.origin !== base.origin) {
    throw new Fault("invalid_params", `it is served by ${own.origin}: register that as a connector of its own`);
  }
  const prefix = own.pathname.replace(/\/$/, "");
  const shared = base.pathname.replace(/\/$/, "");
  if (!prefix.startsWith(shared))
    throw new Fault("invalid_params", `it is served below ${prefix}, and not below ${shared}`);
  return prefix.slice(shared.length);
}

function toTools(operations: ApiOperation[], names: ReadonlyMap<string, string> = new Map()): ApiTool[] {
  const fresh = nameTools(operations);
  const kept = new Set(names.values());
  return operations.map((operation, index) => {
    const key = operationTitle(operation);
    const name = names.get(key) ?? distinct(fresh[index]!, kept);
    const isRead = operation.definition.annotations.readOnlyHint;
    const suggested = { offered: isRead && !operation.deprecated, classification: isRead ? "read" : "write" } as const;
    return { ...operation, key, definition: { ...operation.definition, name }, suggested };
  });
}

/** A new operation does not take the name that another one had before. */
function distinct(name: string, kept: Set<string>): string {
  let free = name;
  for (let number = 2; kept.has(free); number++) free = `${name.slice(0, TOOL_NAME_CHARACTERS_MAX - 4)}_${number}`;
  return free;
}
