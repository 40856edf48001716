import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";

interface Content {
  content?: Record<string, { schema?: object }>;
}

export interface Operation {
  operationId: string;
  parameters: { name: string }[];
  responses: Record<string, Content>;
  "x-needs": string;
  "x-roles": string[];
}

export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: { Problem: object } };
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

const documents = new Map<string, Promise<Document>>();

/** What a house says of its management API. */
export function documentOf(url: string): Promise<Document> {
  const known = documents.get(url);
  const document = known ?? fetch(`${url}/api/openapi.json`).then((answer) => answer.json() as Promise<Document>);
  documents.set(url, document);
  return document;
}

interface Answer {
  status: number;
  headers: { get: (name: string) => string | null };
  json: unknown;
}

/** An answer of the management API is one that its document tells of. */
export async function expectAsDescribed(url: string, method: string, path: string, answer: Answer): Promise<void> {
  const document = await documentOf(url);
  const [type] = (answer.headers.get("content-type") ?? "").split(";");
  if (answer.status >= 400) return expectSchema(document.components.schemas.Problem, answer.json, `${method} ${path}`);
  const operation = operationAt(document, method, path);
  if (!operation) return;
  const response = operation.responses[answer.status];
  expect(response, `${operation.operationId} answered ${answer.status}`).toBeDefined();
  const { content } = response!;
  if (!content) return expect(type, operation.operationId).toBe("");
  expect(Object.keys(content)).toContain(type);
  if (type === "application/json") expectSchema(content[type]!.schema!, answer.json, operation.operationId);
}

function expectSchema(schema: object, value: unknown, what: string): void {
  const validate = ajv.compile(schema);
  expect(validate(value) ? [] : validate.errors, `${what}: ${JSON.stringify(value)?.slice(0, 400)}`).toEqual([]);
}

function operationAt({ paths }: Document, method: string, path: string): Operation | undefined {
  const { pathname } = new URL(path, "http://localhost");
  const found = Object.keys(paths)
    .filter((template) => new RegExp(`^/api${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname))
    .sort((one, other) => one.split("{").length - other.split("{").length);
  return found.map((template) => paths[template]![method.toLowerCase()]).find(Boolean);
}
