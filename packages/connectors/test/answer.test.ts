import { expect, test } from "vitest";
import { buildRequest } from "../src/http/build-request.ts";
import { ANSWER_CHARACTERS_MAX, readAnswer } from "../src/http/read-answer.ts";
import { importDescription } from "../src/openapi/import-description.ts";
import { describing } from "./peer.ts";

const TOOL = { dropped: [], outputSchema: undefined, argumentNames: ["owner", "per_page"] };
const answer = (body: unknown, more: object = {}) => ({
  status: 200,
  contentType: "application/json",
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  isCut: false,
  ...more,
});
const textOf = (result: ReturnType<typeof readAnswer>) =>
  result.content.map((part) => ("text" in part ? part.text : "")).join("\n");

test("JSON is structured content, and text", () => {
  expect(readAnswer(answer({ a: [1] }), TOOL)).toEqual({
    content: [{ type: "text", text: '{"a":[1]}' }],
    structuredContent: { a: [1] },
  });
});

test("dropped members are in neither", () => {
  const result = readAnswer(answer({ items: [{ id: 1, raw: { x: "secret" } }], raw: "secret" }), {
    ...TOOL,
    dropped: ["items.raw", "*.none", "raw"],
  });
  expect(result.structuredContent).toEqual({ items: [{ id: 1 }] });
  expect(JSON.stringify(result)).not.toContain("secret");
});

test("what is too long keeps its shape, says what is missing, and how to ask for less", () => {
  const items = Array.from({ length: 5000 }, (_, id) => ({ id, text: "x".repeat(100) }));
  const result = readAnswer(answer({ items }), TOOL);
  expect(JSON.stringify(result.structuredContent).length).toBeLessThanOrEqual(ANSWER_CHARACTERS_MAX);
  expect(textOf(result)).toMatch(/items shows 500 of 5000.* To get less, use per_page\./);
  expect((result.structuredContent as { items: object[] }).items[0]).toEqual(items[0]);
});

test("errors are results that a model can read", () => {
  const missing = readAnswer(answer({ message: "Not Found", documentation: "…" }, { status: 404 }), TOOL);
  expect(missing.isError).toBe(true);
  expect(textOf(missing)).toMatch(/^The API answered 404 Not Found: Not Found/);
  const page = readAnswer(
    answer("<html><script>alert(1)</script><h1>Bad gateway</h1></html>", { status: 502, contentType: "text/html" }),
    TOOL,
  );
  expect(textOf(page)).toBe("The API answered 502 Bad Gateway.\nBad gateway");
  expect(textOf(readAnswer(answer("", { status: 302 }), TOOL))).toContain("not followed");
});

test("what contradicts the tool's output schema is an error, with the answer in it", () => {
  const outputSchema = { type: "object", properties: { id: { type: "integer" } } };
  expect(readAnswer(answer({ id: 1 }), { ...TOOL, outputSchema })).not.toHaveProperty("isError");
  const odd = readAnswer(answer({ id: "one" }), { ...TOOL, outputSchema });
  expect(odd).toMatchObject({ isError: true });
  expect(textOf(odd)).toMatch(/member id must be integer[\s\S]*\{"id":"one"\}/);
  expect(readAnswer(answer("{half"), TOOL)).toMatchObject({ isError: true });
  const empty = readAnswer(answer("", { status: 204 }), { ...TOOL, outputSchema: { type: ["object", "null"] } });
  expect(empty).toMatchObject({
    structuredContent: null,
    content: [{ text: "The API answered 204 No Content, without content." }],
  });
});

test("images are images, other bytes are a resource, text is text", () => {
  const png = Buffer.from([137, 80]);
  expect(readAnswer(answer(png, { contentType: "image/png" }), TOOL).content).toEqual([
    { type: "image", data: "iVA=", mimeType: "image/png" },
  ]);
  expect(readAnswer(answer(png, { contentType: "application/pdf" }), TOOL).content[0]).toMatchObject({
    type: "resource",
    resource: { blob: "iVA=" },
  });
  expect(readAnswer(answer("a,b", { contentType: "text/csv; charset=utf-8" }), TOOL).content).toEqual([
    { type: "text", text: "a,b" },
  ]);
});

test("files arrive as bytes, with their type and name", async () => {
  const schema = {
    type: "object",
    required: ["file"],
    properties: {
      note: { type: "string" },
      file: { type: "string", format: "binary" },
      more: { type: "array", items: { type: "string", format: "binary" } },
      meta: { type: "object" },
    },
  };
  const requestBody = { required: true, content: { "multipart/form-data": { schema } } };
  const { tools } = importDescription(JSON.stringify(describing({ requestBody }, { method: "post" })));
  const args = {
    note: "ü",
    file: "data:text/plain;name=a%20b.txt;base64,aGk=",
    more: ["aGk=", "aG8="],
    meta: { a: 1 },
  };
  const { headers, body } = await buildRequest(tools[0]!.binding, args, { url: new URL("https://things.example") });
  const form = await new Response(new Uint8Array(body!), {
    headers: { "content-type": headers["content-type"]! },
  }).formData();
  const file = form.get("file") as File;
  expect([form.get("note"), file.name, file.type, await file.text()]).toEqual(["ü", "a b.txt", "text/plain", "hi"]);
  expect(await Promise.all(form.getAll("more").map((part) => (part as File).text()))).toEqual(["hi", "ho"]);
  expect([(form.get("meta") as File).type, await (form.get("meta") as File).text()]).toEqual([
    "application/json",
    '{"a":1}',
  ]);
  await expect(
    buildRequest(tools[0]!.binding, { file: "!" }, { url: new URL("https://things.example") }),
  ).rejects.toThrow(/base64/);
});
