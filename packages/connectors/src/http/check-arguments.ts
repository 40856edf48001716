import { createContext, Script } from "node:vm";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import type { JsonObject } from "../openapi/pointer.ts";

/** `null` for a schema that took too long once: what fits it is for the API to say. */
const compiled = new WeakMap<object, ValidateFunction | null>();

/** Patterns come from an API's description: in linear time, whatever they are. */
const regExp = Object.assign(
  (pattern: string) => {
    const expression = RE2JS.compile(pattern);
    return { test: (text: string) => expression.matcher(text).find() };
  },
  { code: "" },
);

/** What is wrong with a tool's arguments, for the model to do better; `null` where they fit the schema. */
export function argumentsProblem(inputSchema: JsonObject, args: unknown): string | null {
  if (compiled.get(inputSchema) === null) return null;
  try {
    return withinTime(TIME_MAX_MS, () => findProblem(inputSchema, args));
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw error;
    compiled.set(inputSchema, null);
    return null;
  }
}

/** The same for people: a sentence for each argument that does not fit, by its path, such as `address.city`. */
export function argumentProblems(inputSchema: JsonObject, args: unknown): Record<string, string> {
  try {
    return withinTime(PATIENCE_MS, () => {
      const validate = openAjv({ allErrors: true }).compile(inputSchema);
      if (validate(args)) return {};
      const found = validate.errors!.filter(isOfItsOwn).map(({ instancePath, keyword, params, message = "" }) => {
        const path = instancePath.slice(1).split("/").map(unescaped).filter(Boolean);
        if (keyword === "required") return [[...path, params.missingProperty].join("."), "Fill this in"];
        if (keyword === "additionalProperties") return [path.join("."), `There is no “${params.additionalProperty}”`];
        if (keyword === "anyOf" || keyword === "oneOf") return [path.join("."), "It is none of what is possible here"];
        return [path.join("."), message.replace(/^./, (first) => first.toUpperCase())];
      });
      return Object.fromEntries(found.reverse());
    });
  } catch {
    return {};
  }
}

/** What each alternative lacks is for its own to say, and nobody has to choose it. */
const isOfItsOwn = ({ schemaPath, keyword }: ErrorObject) =>
  keyword !== "if" && !/\/(anyOf|oneOf)\/\d/.test(schemaPath);

const unescaped = (step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~");

function findProblem(schema: JsonObject, args: unknown): string | null {
  const validate = compiled.get(schema) ?? openAjv().compile(schema);
  compiled.set(schema, validate);
  if (validate(args)) return null;
  const { instancePath, message, params, keyword } = validate.errors![0]!;
  const where = instancePath ? `the argument ${instancePath.slice(1).replaceAll("/", ".")}` : "the arguments";
  if (keyword === "additionalProperties") return `${where}: there is no “${params.additionalProperty}”`;
  if (keyword === "enum") return `${where} must be one of ${JSON.stringify(params.allowedValues)}`;
  if (keyword === "const") return `${where} must be ${JSON.stringify(params.allowedValue)}`;
  return `${where} ${message}`;
}

/** One for each schema, so that a schema that nobody uses any more goes with its validator. */
function openAjv(options: { allErrors?: boolean } = {}): Ajv2020 {
  return new Ajv2020({
    ...options,
    strict: false,
    validateFormats: false,
    validateSchema: false,
    ownProperties: true,
    addUsedSchema: false,
    // biome-ignore lint/suspicious/noExplicitAny: ajv asks for a RegExp, and uses its `test`.
    code: { regExp: regExp as any },
  });
}

const TIME_MAX_MS = 250;
/** Where nobody but the one who asks waits long for it. */
const PATIENCE_MS = 1000;
const watched = createContext({ run: () => {} });
const script = new Script("run()");

/** The schema is one org's, and everybody waits while it is looked at: with `$ref` and `anyOf`, it may take for ever. */
function withinTime<T>(timeout: number, work: () => T): T {
  watched.run = work;
  try {
    return script.runInContext(watched, { timeout });
  } finally {
    watched.run = undefined;
  }
}
