type Schema = Record<string, unknown>;

/** A legacy client refuses the whole list for one outputSchema whose root is no object. */
export function needsWrap(schema: Schema | undefined): schema is Schema {
  return schema !== undefined && schema.type !== "object";
}

/** Keywords whose value is data, in which a `$ref` is no reference. */
const DATA = new Set(["const", "enum", "default", "examples"]);
/** Keywords whose value maps names, which are no keywords, to schemas. */
const NAMES = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"]);

/** The schema as the member `result` of an object, with its references still pointing where they did. */
export function wrapOutputSchema(schema: Schema): Schema {
  const { $schema } = schema;
  const result = hasOwnBase(schema) ? schema : moveReferences(schema, false);
  return {
    ...($schema === undefined ? {} : { $schema }),
    type: "object",
    properties: { result },
    required: ["result"],
  };
}

/** An `$id` that is more than a fragment: references below it are relative to it, and stay. */
function hasOwnBase({ $id }: Schema): boolean {
  return typeof $id === "string" && !$id.startsWith("#");
}

function moveReferences(node: unknown, isNameMap: boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => moveReferences(item, false));
  if (typeof node !== "object" || node === null) return node;
  if (!isNameMap && hasOwnBase(node as Schema)) return node;
  const moved: Schema = {};
  for (const [key, value] of Object.entries(node))
    moved[key] = isNameMap ? moveReferences(value, false) : moveMember(key, value);
  return moved;
}

function moveMember(key: string, value: unknown): unknown {
  if ((key === "$ref" || key === "$dynamicRef") && typeof value === "string") {
    if (value === "#" || value.startsWith("#/")) return `#/properties/result${value.slice(1)}`;
    return value;
  }
  return DATA.has(key) ? value : moveReferences(value, NAMES.has(key));
}
