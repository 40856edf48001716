import { Fault } from "@gatehouse/faults";
import { upgrade } from "@scalar/openapi-upgrader";
import { LineCounter, parseDocument } from "yaml";
import { bundle } from "./bundle.ts";
import { isObject, type Json, type JsonObject } from "./pointer.ts";

export const DESCRIPTION_BYTES_MAX = 16 * 1024 * 1024;
const DEPTH_MAX = 128;
/** Each alias of YAML is a copy of what it names: a few of them can be worth gigabytes. */
const ALIASES_MAX = 10_000;

export interface Description {
  document: JsonObject;
  /** As the text has it. */
  version: "2.0" | "3.0" | "3.1";
  title: string;
  /** Other documents that it refers to, and that were not there. */
  missing: string[];
}

export interface Surroundings {
  /** Where the description was found, which relative references are relative to. */
  foundAt?: URL | null;
  /** Texts of documents that it may refer to, by URL. */
  external?: ReadonlyMap<string, string>;
}

/**
 * OpenAPI 3.1 and 3.0, and Swagger 2.0 as 3.0, from JSON or YAML. Schemas stay in the dialect of their version. Throws
 * `invalid_params` that says where the text stops being one of these.
 */
export function readDescription(text: string, { foundAt = null, external }: Surroundings = {}): Description {
  const document = readObject(text);
  const version = versionOf(document);
  const missing = bundle(document, { foundAt, read: (url) => readOther(external?.get(url)) });
  const title =
    isObject(document.info) && typeof document.info.title === "string" ? document.info.title : "Untitled API";
  if (version !== "2.0") return { document, version, title, missing };
  return { document: fromSwagger(document), version, title, missing };
}

function readObject(text: string): JsonObject {
  if (Buffer.byteLength(text) > DESCRIPTION_BYTES_MAX) {
    throw new Fault("too_large", `A description may have at most ${DESCRIPTION_BYTES_MAX / 1024 / 1024} MB`);
  }
  const document = parse(text);
  if (!isObject(document)) throw notADescription("it is no JSON or YAML object");
  checkDepth(document);
  return document;
}

/** What cannot be read is as good as not there. */
function readOther(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    return readObject(text);
  } catch {
    return undefined;
  }
}

function parse(text: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, "");
  if (/^\s*[{[]/.test(trimmed)) return parseJson(trimmed);
  const lines = new LineCounter();
  const parsed = parseDocument(trimmed, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const [problem] = parsed.errors;
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    throw notADescription(`line ${line}, column ${col} is not YAML: ${problem.message}`);
  }
  try {
    return JSON.parse(JSON.stringify(parsed.toJS({ maxAliasCount: ALIASES_MAX })));
  } catch (cause) {
    throw notADescription("its aliases refer to themselves, or there are too many of them", cause);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const position = Number(/position (\d+)/.exec((cause as Error).message)?.[1] ?? Number.NaN);
    const before = Number.isNaN(position) ? text : text.slice(0, position);
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    throw notADescription(`line ${line}, column ${column} is not JSON`, cause);
  }
}

/** Without recursion, which is what it guards. */
function checkDepth(document: JsonObject): void {
  let level: Json[] = [document];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) throw notADescription(`it is nested more than ${DEPTH_MAX} levels deep`);
    level = level.flatMap((value) =>
      Object.values(value as object).filter((child) => typeof child === "object" && child),
    );
  }
}

function versionOf({ openapi, swagger }: JsonObject): Description["version"] {
  const said = String(openapi ?? swagger ?? "");
  if (/^3\.[12](\.|$)/.test(said)) return "3.1";
  if (/^3\.0(\.|$)/.test(said)) return "3.0";
  if (/^2(\.|$)/.test(said)) return "2.0";
  if (said) throw notADescription(`its version is “${said}”, and 2.0, 3.0 and 3.1 are what is read here`);
  throw notADescription("it has neither “openapi” nor “swagger”, one of which gives the version");
}

function fromSwagger(document: JsonObject): JsonObject {
  try {
    return upgrade({ ...document, swagger: "2.0" }, "3.0") as unknown as JsonObject;
  } catch (cause) {
    throw notADescription("its Swagger 2.0 is too far from the specification to be read", cause);
  }
}

function notADescription(reason: string, cause?: unknown): Fault {
  return new Fault("invalid_params", `This is no OpenAPI description: ${reason}`, { cause });
}
