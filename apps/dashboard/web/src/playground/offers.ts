import { queryOptions } from "@tanstack/react-query";
import { listOffers, type Offer, type PlaygroundCall } from "../api/connectors/playground.ts";
import { isSchema, type Schema } from "./form/shape.ts";
import type { Kind } from "./search.ts";

export const offersQuery = (org: string, slug: string, kind: Kind) =>
  queryOptions({
    queryKey: ["playground", org, slug, kind],
    queryFn: () => listOffers(org, slug, kind),
    staleTime: 60_000,
  });

/** A tool, resource or prompt, and how it is asked for. */
export interface Subject {
  /** In the address, and in the list. */
  key: string;
  title: string | undefined;
  description: string | undefined;
  access: Offer["access"];
  schema: Schema;
  callWith(values: Record<string, unknown>): Pick<PlaygroundCall, "method" | "params">;
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);

export function subjectOf(kind: Kind, { definition, access }: Offer): Subject {
  const { name, title, description, uri, uriTemplate, inputSchema } = definition as Record<string, unknown>;
  const said = { title: text(title), description: text(description), access };
  if (kind === "tools") {
    const schema = isSchema(inputSchema) ? inputSchema : { type: "object", properties: {} };
    const callWith = (values: object) => ({
      method: "tools/call" as const,
      params: asParams({ name, arguments: values }),
    });
    return { ...said, key: String(name), schema, callWith };
  }
  if (kind === "prompts") {
    const callWith = (values: object) => ({
      method: "prompts/get" as const,
      params: asParams({ name, arguments: values }),
    });
    return { ...said, key: String(name), schema: schemaOfPrompt(definition), callWith };
  }
  const template = text(uriTemplate);
  const callWith = (values: Record<string, unknown>) => ({
    method: "resources/read" as const,
    params: asParams({ uri: template === undefined ? uri : expand(template, values) }),
  });
  const schema = schemaOfTemplate(template ?? "");
  return { ...said, key: template ?? String(uri), title: text(title) ?? String(name), schema, callWith };
}

const asParams = (params: object) => params as PlaygroundCall["params"];

/** A prompt's arguments are texts. */
function schemaOfPrompt(definition: object): Schema {
  const { arguments: args } = definition as { arguments?: unknown };
  const known = (Array.isArray(args) ? args : []).filter((one) => isSchema(one) && typeof one.name === "string");
  return {
    type: "object",
    properties: Object.fromEntries(
      known.map(({ name, title, description }) => [name, { type: "string", title, description }]),
    ),
    required: known.filter(({ required }) => required === true).map(({ name }) => name),
  };
}

const VARIABLES = /\{[+#./;?&]?([\w.,*:%]+)\}/g;

/** What stands in braces (RFC 6570). */
function schemaOfTemplate(template: string): Schema {
  const names = [...template.matchAll(VARIABLES)].flatMap(([, list = ""]) =>
    list.split(",").map((name) => name.replace(/[*:].*$/, "")),
  );
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
    required: names,
  };
}

/** RFC 6570 for texts: `{name}` and, as it stands, `{+name}`; a query's by their names. */
function expand(template: string, values: Record<string, unknown>): string {
  return template.replace(/\{([+#./;?&]?)([\w.,*:%]+)\}/g, (_, operator: string, list: string) => {
    const names = list.split(",").map((name) => name.replace(/[*:].*$/, ""));
    const texts = names.map((name) => {
      const value = String(values[name] ?? "");
      return operator === "+" || operator === "#" ? encodeURI(value) : encodeURIComponent(value);
    });
    if (operator === "?" || operator === "&" || operator === ";") {
      const pairs = names.map((name, index) => `${name}=${texts[index]}`);
      return operator + pairs.join(operator === ";" ? ";" : "&");
    }
    const separator = operator === "/" || operator === "." ? operator : ",";
    return (operator === "+" ? "" : operator) + texts.join(separator);
  });
}
