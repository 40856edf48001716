import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import type { JsonObject } from "../openapi/pointer.ts";

const compiled = new WeakMap<object, ValidateFunction>();

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
  let validate = compiled.get(inputSchema);
  if (!validate) {
    validate = openAjv().compile(inputSchema);
    compiled.set(inputSchema, validate);
  }
  if (validate(args)) return null;
  const { instancePath, message, params, keyword } = validate.errors![0]!;
  const where = instancePath ? `the argument ${instancePath.slice(1).replaceAll("/", ".")}` : "the arguments";
  if (keyword === "additionalProperties") return `${where}: there is no “${params.additionalProperty}”`;
  if (keyword === "enum") return `${where} must be one of ${JSON.stringify(params.allowedValues)}`;
  if (keyword === "const") return `${where} must be ${JSON.stringify(params.allowedValue)}`;
  return `${where} ${message}`;
}

/** One for each schema, so that a schema that nobody uses any more goes with its validator. */
function openAjv(): Ajv2020 {
  return new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    ownProperties: true,
    addUsedSchema: false,
    // biome-ignore lint/suspicious/noExplicitAny: ajv asks for a RegExp, and uses its `test`.
    code: { regExp: regExp as any },
  });
}
