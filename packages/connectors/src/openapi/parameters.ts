import { Fault } from "@gatehouse/faults";
import type { ParameterBinding, ParameterStyle } from "../http/binding.ts";
import type { Source } from "./compile-schema.ts";
import { follow, isObject, type Json, type JsonObject } from "./pointer.ts";

export interface Parameter extends Omit<ParameterBinding, "argument"> {
  required: boolean;
  schema: Json | undefined;
  schemaPointer: string;
  description: Json | undefined;
}

/** OpenAPI 3.1 §4.8.12.1: as parameters these have no meaning, other parts of the description say them. */
const SAID_ELSEWHERE = /^(accept|content-type|authorization)$/i;
/** What decides where a request goes, whose it is, how it is framed, or what it does. */
const NOT_FOR_ARGUMENTS =
  /^(host|cookie|set-cookie|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|via|forwarded|origin|referer|date|max-forwards|x-(forwarded|real|original|rewrite)-.*|x-http-method(-override)?|x-method-override|proxy-.*|sec-.*|mcp-.*|:.*)$/i;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;

const STYLES: Record<string, ParameterStyle[]> = {
  path: ["simple", "label", "matrix"],
  query: ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
  header: ["simple"],
  cookie: ["form"],
};

export interface Credentialed {
  /** Names of headers, query parameters and cookies that a security scheme fills in. */
  isCredential(location: string, name: string): boolean;
}

/**
 * The parameters of an operation, those of its path included. Those that nobody may fill in are left out; throws
 * `invalid_params` where the operation cannot be called without one of them.
 */
export function readParameters(
  source: Source,
  lists: { value: Json | undefined; pointer: string }[],
  { isCredential }: Credentialed,
): Parameter[] {
  const found = new Map<string, Parameter>();
  for (const { value, pointer } of lists) {
    if (!Array.isArray(value)) continue;
    value.forEach((item, index) => {
      const parameter = readParameter(source, { value: item, pointer: `${pointer}/${index}` });
      if (!parameter) return;
      const key = `${parameter.in} ${parameter.name.toLowerCase()}`;
      if (isAllowed(source, parameter, `${pointer}/${index}`, isCredential)) found.set(key, parameter);
    });
  }
  return [...found.values()];
}

function readParameter(source: Source, item: { value: Json; pointer: string }): Parameter | null {
  const { value, pointer } = follow(source.document, item);
  const { name, in: location } = value;
  if (typeof name !== "string" || name === "" || typeof location !== "string" || !STYLES[location]) {
    source.note(pointer, "it is no parameter: it needs a name, and to be in path, query, header or cookie");
    return null;
  }
  return {
    name,
    in: location as Parameter["in"],
    required: value.required === true || location === "path",
    description: value.description,
    ...styleOf(value, location),
    ...schemaOf(value, pointer),
  };
}

function styleOf(parameter: JsonObject, location: string): Pick<Parameter, "style" | "explode"> {
  if (isObject(parameter.content)) return { style: "json", explode: false };
  const allowed = STYLES[location]!;
  const said = allowed.find((style) => style === parameter.style);
  const style = said ?? allowed[0]!;
  return { style, explode: typeof parameter.explode === "boolean" ? parameter.explode : style === "form" };
}

/** Swagger 2.0 has what a schema says in the parameter itself, and so do descriptions that nobody has upgraded well. */
function schemaOf(parameter: JsonObject, pointer: string): Pick<Parameter, "schema" | "schemaPointer"> {
  if (isObject(parameter.content)) {
    const [type, media] = Object.entries(parameter.content)[0] ?? [];
    if (type !== undefined && isObject(media)) {
      const place = `${pointer}/content/${type.replaceAll("/", "~1")}/schema`;
      return { schema: media.schema, schemaPointer: place };
    }
  }
  if (parameter.schema !== undefined) return { schema: withExample(parameter), schemaPointer: `${pointer}/schema` };
  const { name: _n, in: _i, description: _d, required: _r, style: _s, explode: _e, ...schema } = parameter;
  return { schema, schemaPointer: pointer };
}

function withExample({ schema, example }: JsonObject): Json | undefined {
  return isObject(schema) && example !== undefined && schema.$ref === undefined ? { example, ...schema } : schema;
}

function isAllowed(
  { note }: Source,
  { in: location, name, required }: Parameter,
  pointer: string,
  isCredential: Credentialed["isCredential"],
): boolean {
  if (isCredential(location, name)) return false;
  if (location === "header") {
    if (SAID_ELSEWHERE.test(name)) return false;
    if (!NOT_FOR_ARGUMENTS.test(name) && TOKEN.test(name)) return true;
    return refuse(`the header ${name} is never filled in by an argument`);
  }
  if (location === "cookie" && !TOKEN.test(name)) return refuse(`“${name}” is no name of a cookie`);
  return true;

  function refuse(problem: string): false {
    if (required) throw new Fault("invalid_params", `${problem}, and the operation requires it`);
    note(pointer, `${problem}: the parameter is left out`);
    return false;
  }
}
