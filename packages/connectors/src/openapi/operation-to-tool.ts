import { Fault } from "@gatehouse/faults";
import type { Binding, BodyBinding, MemberBinding, Method, ParameterBinding, ParameterStyle } from "../http/binding.ts";
import { openSchemaCompiler, type SchemaCompiler, type Source } from "./compile-schema.ts";
import { describeTool } from "./describe-tool.ts";
import { type Parameter, readParameters } from "./parameters.ts";
import { follow, isObject, type Json, type JsonObject, type Located } from "./pointer.ts";
import { prune } from "./prune.ts";
import { plain } from "./words.ts";

export interface ApiToolDefinition {
  name: string;
  title?: string;
  description: string;
  inputSchema: JsonObject;
  outputSchema?: JsonObject;
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean };
  [member: string]: unknown;
}

/** An operation as a tool, but for its name, which depends on all the others. */
export interface ApiOperation {
  method: Method;
  path: string;
  operationId: string | undefined;
  tags: string[];
  deprecated: boolean;
  definition: ApiToolDefinition;
  binding: Binding;
}

export interface OperationSource extends Source {
  isCredential(location: string, name: string): boolean;
  /** What stands before every path, where the operation has a server of its own. */
  pathPrefix: string;
}

export interface OperationPlace {
  method: Method;
  path: string;
  pointer: string;
  operation: JsonObject;
  pathItem: JsonObject;
  pathItemPointer: string;
}

const INPUT_BYTES_MAX = 24 * 1024;
const OUTPUT_BYTES_MAX = 8 * 1024;

/** Throws `invalid_params` for an operation that cannot be called through a tool. */
export function operationToTool(source: OperationSource, place: OperationPlace): ApiOperation {
  const { method, path, operation } = place;
  const input = openSchemaCompiler(source, "request");
  const parameters = parametersOf(source, place);
  const form = openArguments(input);
  const bindings = parameters.map((parameter) => form.addParameter(parameter));
  const body = bodyOf(source, place, form);
  const answer = answerOf(source, place);
  const deprecated = operation.deprecated === true;
  const title = plain(operation.summary, 80);
  const outputSchema = answer.schema && prune(answer.schema, OUTPUT_BYTES_MAX);
  return {
    ...{ method, path, deprecated },
    operationId: typeof operation.operationId === "string" ? operation.operationId : undefined,
    tags: Array.isArray(operation.tags) ? operation.tags.filter((tag) => typeof tag === "string") : [],
    definition: {
      name: "",
      ...(title ? { title } : {}),
      description: describeTool({ method, path, deprecated, ...words(operation), returns: answer.description }),
      inputSchema: prune(input.finish(form.schema()), INPUT_BYTES_MAX),
      ...(outputSchema ? { outputSchema } : {}),
      annotations: annotationsOf(method),
    },
    binding: { method, path: source.pathPrefix + path, parameters: bindings, body, accept: answer.accept },
  };
}

const words = ({ summary, description }: JsonObject) => ({ summary, description });

/** RFC 9110 §9.2: which methods change nothing, and which may be sent twice. */
function annotationsOf(method: Method): ApiToolDefinition["annotations"] {
  const readOnlyHint = ["get", "head", "options", "trace"].includes(method);
  return {
    readOnlyHint,
    destructiveHint: ["put", "patch", "delete"].includes(method),
    idempotentHint: readOnlyHint || method === "put" || method === "delete",
  };
}

function parametersOf(
  source: OperationSource,
  { path, pathItem, pathItemPointer, operation, pointer }: OperationPlace,
) {
  const lists = [
    { value: pathItem.parameters, pointer: `${pathItemPointer}/parameters` },
    { value: operation.parameters, pointer: `${pointer}/parameters` },
  ];
  const inPath = new Set([...path.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!));
  const parameters = readParameters(source, lists, source).filter((parameter) => {
    if (parameter.in !== "path" || inPath.delete(parameter.name)) return true;
    source.note(pointer, `its parameter ${parameter.name} does not occur in the path, and is left out`);
    return false;
  });
  for (const name of inPath) {
    source.note(pointer, `the path's {${name}} is not described, and is taken for text`);
    parameters.push(textInPath(name, pointer));
  }
  return parameters;
}

function textInPath(name: string, pointer: string): Parameter {
  const schema = { type: "string" };
  const style = "simple" as const;
  return { name, in: "path", required: true, style, explode: false, schema, schemaPointer: pointer, description: null };
}

/** What of an argument's name a model may write (as Claude has it); the API's own name stands in the binding. */
function argumentName(name: string): string {
  const safe = name
    .replace(/[^a-zA-Z0-9_.-]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .slice(0, 60);
  return safe || "argument";
}

interface Arguments {
  addParameter(parameter: Parameter): ParameterBinding;
  /** Its name as an argument, which differs from `name` where that is taken. */
  add(name: string, schema: JsonObject, options: { required: boolean }): string;
  has(name: string): boolean;
  compiler: SchemaCompiler;
  schema(): JsonObject;
}

function openArguments(compiler: SchemaCompiler): Arguments {
  const properties: [string, JsonObject][] = [];
  const required: string[] = [];
  const taken = new Set<string>();

  function add(name: string, schema: JsonObject, options: { required: boolean }): string {
    const base = argumentName(name);
    let argument = base;
    for (let number = 2; taken.has(argument); number++) argument = `${base}_${number}`;
    taken.add(argument);
    properties.push([argument, schema]);
    if (options.required) required.push(argument);
    return argument;
  }

  return {
    add,
    compiler,
    has: (name) => taken.has(argumentName(name)),
    addParameter({ schema, schemaPointer, description, required, ...binding }) {
      const compiled = compiler.compile(schema, schemaPointer);
      const text = plain(description, 300);
      const argument = add(binding.name, text ? { ...compiled, description: text } : compiled, { required });
      const { name, in: location, style, explode } = binding;
      return { argument, name, in: location, style, explode };
    },
    schema: () => ({
      type: "object",
      properties: Object.fromEntries(properties),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    }),
  };
}

const BODY_PREFERENCE = [
  /^application\/json\b/i,
  /\+json\b/i,
  /^application\/x-www-form-urlencoded\b/i,
  /^multipart\/form-data\b/i,
  /^text\//i,
  /./,
];
const isJsonType = (type: string) => /^application\/json\b|\+json\b/i.test(type);
const isFormType = (type: string) => /^(application\/x-www-form-urlencoded|multipart\/form-data)\b/i.test(type);

function bodyOf(
  source: OperationSource,
  { method, operation, pointer }: OperationPlace,
  form: Arguments,
): BodyBinding | null {
  if (operation.requestBody === undefined) return null;
  if (["get", "head", "trace"].includes(method)) {
    source.note(`${pointer}/requestBody`, `${method.toUpperCase()} has no body: it is left out`);
    return null;
  }
  const place = { value: operation.requestBody, pointer: `${pointer}/requestBody` };
  const { value: requestBody, pointer: bodyPointer } = follow(source.document, place);
  const media = preferredMedia(requestBody.content, `${bodyPointer}/content`);
  if (!media) {
    if (requestBody.required === true) throw new Fault("invalid_params", "its body has no media type");
    return null;
  }
  const required = requestBody.required === true;
  const bound = { contentType: media.type.split(";", 1)[0]!.trim().toLowerCase(), required };
  if (isJsonType(media.type) || isFormType(media.type)) return bindStructure(source, media, bound, form);
  return { ...bound, argument: addWholeBody(textOrFile(media), bound, form) };
}

interface Media {
  type: string;
  schema: Json | undefined;
  encoding: JsonObject;
  pointer: string;
}

function preferredMedia(content: Json | undefined, pointer: string): Media | null {
  if (!isObject(content)) return null;
  const types = Object.keys(content);
  const type = BODY_PREFERENCE.flatMap((preference) => types.find((name) => preference.test(name)) ?? [])[0];
  if (type === undefined) return null;
  const media = isObject(content[type]) ? content[type] : {};
  const encoding = isObject(media.encoding) ? media.encoding : {};
  return { type, schema: media.schema, encoding, pointer: `${pointer}/${type.replaceAll("/", "~1")}/schema` };
}

function textOrFile({ type }: Media): JsonObject {
  if (/^text\//i.test(type) || /\bxml\b/i.test(type)) return { type: "string", description: `The body, as ${type}` };
  return { type: "string", description: "A file: base64, or a data: URI", contentEncoding: "base64" };
}

function addWholeBody(schema: JsonObject, { required }: { required: boolean }, form: Arguments): string {
  return form.add("body", schema, { required });
}

/** The members of a plain object become arguments of their own; anything else is the argument `body`. */
function bindStructure(
  source: OperationSource,
  media: Media,
  bound: { contentType: string; required: boolean },
  form: Arguments,
): BodyBinding {
  const isForm = isFormType(media.type);
  const compiled = form.compiler.compile(media.schema, media.pointer);
  const flat = flatten(form.compiler, compiled);
  const members = isObject(flat?.properties) ? Object.entries(flat.properties) : [];
  const isOpen = !isForm && flat?.additionalProperties !== undefined && flat.additionalProperties !== false;
  const fits = flat && members.length > 0 && !isOpen && members.every(([name]) => !form.has(name));
  if (!fits && !isForm) return { ...bound, argument: addWholeBody(compiled, bound, form) };
  const needed = new Set((flat?.required as string[] | undefined) ?? []);
  const files = filesOf(source, media);
  return {
    ...bound,
    members: members.map(([name, value]) => {
      const schema = files.has(name) ? fileSchema(value as JsonObject) : (value as JsonObject);
      const argument = form.add(name, schema, { required: bound.required && needed.has(name) });
      return { argument, name, ...(files.has(name) ? { file: true as const } : {}), ...encodingOf(media, name) };
    }),
  };
}

const FLAT = new Set(["type", "properties", "required", "description", "additionalProperties", "examples"]);

/** The object that the body is, behind references; `null` where more than its members say what is valid. */
function flatten(compiler: SchemaCompiler, schema: JsonObject): JsonObject | null {
  const whole = compiler.expand(schema);
  const isPlain =
    Object.keys(whole).every((key) => FLAT.has(key)) && ([] as Json[]).concat(whole.type ?? []).includes("object");
  return isPlain ? whole : null;
}

/** Swagger 2.0's `file` and OpenAPI's `binary` are files in a form. */
function filesOf({ document }: OperationSource, { type, schema, pointer }: Media): Set<string> {
  if (!/^multipart\//i.test(type) || !isObject(schema)) return new Set();
  const { value } = follow(document, { value: schema, pointer });
  const properties = isObject(value.properties) ? Object.entries(value.properties) : [];
  const files = properties.filter(([, property]) => {
    const { value: one } = isObject(property)
      ? follow(document, { value: property, pointer })
      : { value: {} as JsonObject };
    const item = isObject(one.items) ? follow(document, { value: one.items, pointer }).value : one;
    return (
      item.format === "binary" ||
      item.type === "file" ||
      (item.contentMediaType !== undefined && item.type === "string")
    );
  });
  return new Set(files.map(([name]) => name));
}

function fileSchema(schema: JsonObject): JsonObject {
  const one = { type: "string", contentEncoding: "base64" };
  const description = [schema.description, "A file: base64, or a data: URI"].filter(Boolean).join(". ");
  return ([] as Json[]).concat(schema.type ?? []).includes("array")
    ? { type: "array", items: one, description }
    : { ...one, description };
}

function encodingOf({ encoding }: Media, name: string): Partial<MemberBinding> {
  const said = isObject(encoding[name]) ? encoding[name] : {};
  const result: Partial<MemberBinding> = {};
  if (typeof said.contentType === "string") result.contentType = said.contentType.split(",", 1)[0]!.trim();
  if (typeof said.style === "string") result.style = said.style as ParameterStyle;
  if (typeof said.explode === "boolean") result.explode = said.explode;
  return result;
}

interface Answer {
  description: Json | undefined;
  schema: JsonObject | null;
  accept: string;
}

function answerOf(source: OperationSource, { operation, pointer }: OperationPlace): Answer {
  const response = successOf(source, operation, pointer);
  if (!response) return { description: undefined, schema: null, accept: "*/*" };
  const { description, content } = response.value;
  const types = isObject(content) ? Object.keys(content).filter((type) => /^[\w.+-]+\/[\w.+*-]+/.test(type)) : [];
  const json = types.find(isJsonType);
  const accept = json ?? (types.length > 0 ? types.slice(0, 4).join(", ") : "*/*");
  const media = json === undefined ? undefined : (content as JsonObject)[json];
  if (!isObject(media) || media.schema === undefined) return { description, schema: null, accept };
  const compiler = openSchemaCompiler(source, "response");
  const place = `${response.pointer}/content/${json!.replaceAll("/", "~1")}/schema`;
  const schema = compiler.finish(compiler.compile(media.schema, place));
  return { description, schema: says(schema) ? schema : null, accept };
}

const says = (schema: JsonObject) => Object.keys(schema).some((key) => key !== "description");

function successOf({ document }: OperationSource, { responses }: JsonObject, pointer: string): Located | null {
  if (!isObject(responses)) return null;
  const status = ["200", "201", "202", "203", "206", "2XX", "2xx", "204"].find((code) => responses[code] !== undefined);
  if (status === undefined) return null;
  return follow(document, { value: responses[status], pointer: `${pointer}/responses/${status}` });
}

/** For people: the operation as the API's own documentation calls it. */
export function operationTitle({ method, path }: { method: Method; path: string }): string {
  return `${method.toUpperCase()} ${path}`;
}
