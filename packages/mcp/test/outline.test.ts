import { expect, test } from "vitest";
import { Outline } from "../src/outline.ts";

/** However the message is cut into chunks. */
function outlinesOf(text: string): string[] {
  const bytes = Buffer.from(text);
  return [1, 2, 3, 7, bytes.length].map((size) => {
    const outline = new Outline();
    for (let at = 0; at < bytes.length; at += size) outline.read(bytes.subarray(at, at + size));
    return outline.text();
  });
}

test("an outline is the message without what is nested in its result or error", () => {
  const content = [{ type: "text", text: 'brackets ]}[{ "quoted\\" \\\\', _meta: { deep: [[1], { a: {} }] } }];
  const result = { resultType: "complete", content, structuredContent: { rows: [1, 2] }, isError: true, "né}": "ä]" };
  const message = { jsonrpc: "2.0", id: 'a"}', result };
  const expected = { ...message, result: { ...result, content: [], structuredContent: {} } };
  for (const outline of outlinesOf(JSON.stringify(message, null, 1))) expect(JSON.parse(outline)).toEqual(expected);
  const failed = { jsonrpc: "2.0", id: 1, error: { code: -32000, message: "no", data: { why: ["x"] } } };
  for (const outline of outlinesOf(JSON.stringify(failed))) {
    expect(JSON.parse(outline)).toEqual({ ...failed, error: { ...failed.error, data: {} } });
  }
});

test.each([
  '{"id":1,"result":{"content":[{"text":"x',
  '{"result":{"content":[1]}',
  '{"id":1}}',
  '{"id":"',
  "nothing",
  "",
])("what is not whole has no outline: %s", (text) => {
  for (const outline of outlinesOf(text)) expect(() => JSON.parse(outline)).toThrow();
});
