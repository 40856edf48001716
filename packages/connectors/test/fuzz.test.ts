import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault } from "@gatehouse/faults";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildRequest } from "../src/http/build-request.ts";
import { argumentsProblem } from "../src/http/check-arguments.ts";
import { importDescription } from "../src/openapi/import-description.ts";

const text = { type: "string" };
const { tools } = importDescription(
  JSON.stringify({
    openapi: "3.1.0",
    servers: [{ url: "https://things.example/base" }],
    paths: {
      "/a/{one}/b/{two}": {
        put: {
          parameters: [
            { name: "one", in: "path", required: true, schema: { type: ["string", "number", "boolean"] } },
            {
              name: "two",
              in: "path",
              required: true,
              style: "matrix",
              explode: true,
              schema: { type: ["object", "array", "string"] },
            },
            { name: "q", in: "query", schema: {} },
            { name: "deep", in: "query", style: "deepObject", schema: { type: "object" } },
            { name: "X-Header", in: "header", schema: {} },
            { name: "c", in: "cookie", schema: {} },
          ],
          requestBody: { content: { "application/json": { schema: { type: "object", properties: { member: {} } } } } },
        },
      },
      "/form/{id}": {
        post: {
          parameters: [{ name: "id", in: "path", required: true, schema: text }],
          requestBody: {
            content: {
              "multipart/form-data": {
                schema: { type: "object", properties: { note: {}, file: { type: "string", format: "binary" } } },
              },
            },
          },
        },
      },
    },
  }),
);
const values = fc.oneof(
  fc.anything({
    values: [fc.string(), fc.string({ unit: "binary" }), fc.double(), fc.boolean(), fc.constant(null)],
    maxDepth: 2,
  }),
  fc.constantFrom(
    "..",
    ".",
    "../../admin",
    "%2e%2e/",
    "a/../b",
    "?x=1",
    "#f",
    "@host",
    "//host/",
    "\r\nX: y",
    "\\..\\",
    ";..;",
    "http://evil.example/",
  ),
);

let reached: { method: string; url: string; host: string }[] = [];
const server = createServer((request, response) => {
  reached.push({ method: request.method!, url: request.url!, host: request.headers.host! });
  request.resume().on("end", () => response.end("{}"));
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => server.close());

test.each(tools)(
  "whatever the schema of $key lets through reaches the chosen host, path and method alone",
  async (tool) => {
    const origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const url = new URL("/base", origin);
    const names = Object.keys(tool.definition.inputSchema.properties as object);
    const args = fc.record(Object.fromEntries(names.map((name) => [name, values])), {
      requiredKeys: ["one", "two", "id"].filter((name) => names.includes(name)),
    });
    const template = new RegExp(`^/base${tool.path.replace(/\{[^}]+\}/g, "[^/]+")}$`);
    await fc.assert(
      fc.asyncProperty(args, async (given) => {
        const sent = JSON.parse(JSON.stringify(given));
        if (argumentsProblem(tool.definition.inputSchema, sent) !== null) return;
        reached = [];
        const request = await buildRequest(tool.binding, sent, { url }).catch((error) => {
          expect(error).toBeInstanceOf(Fault);
          expect(error.code).toBe("invalid_params");
        });
        if (!request) return;
        const { method, path, headers, body } = request;
        await fetch(new URL(path, origin), { method, headers, body });
        expect(reached).toHaveLength(1);
        expect(reached[0]).toMatchObject({ method: tool.method.toUpperCase(), host: origin.host, url: path });
        expect(path.split("?", 1)[0]).toMatch(template);
        expect(Object.keys(headers).filter((name) => /^(host|authorization|x-forwarded.*)$/.test(name))).toEqual([]);
        if (typeof sent.id === "string")
          expect(decodeURIComponent(path.split("/").at(-1)!)).toBe(sent.id.toWellFormed());
      }),
      { numRuns: 400 },
    );
  },
);
