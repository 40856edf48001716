import { expect, test } from "vitest";
import { parseUntrustedJson } from "../src/json.ts";

const parse = (text: string) => parseUntrustedJson(Buffer.from(text));
const codeOf = (bytes: Buffer | string) => {
  try {
    parseUntrustedJson(Buffer.from(bytes as string));
    return "accepted";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

test("what is plain comes out as it is", () => {
  const text = '{"a":[1,{"b":"x:y\\"{,\\\\"}],"c":null,"d":"\\u00e9:","e":{}}';
  expect(parse(text)).toEqual(JSON.parse(text));
});

test("a member named twice is refused, however it is written", () => {
  expect(codeOf('{"a":1,"a":2}')).toBe("invalid_request");
  expect(codeOf('{"p":{"name":"x","n\\u0061me":"y"}}')).toBe("invalid_request");
  expect(codeOf('[{"a":1},{"a":2}]')).toBe("accepted");
});

test("a member named __proto__ is refused, and pollutes nothing", () => {
  expect(codeOf('{"__proto__":{"admin":true}}')).toBe("invalid_request");
  expect(codeOf('{"a":[{"\\u005f_proto__":1}]}')).toBe("invalid_request");
  expect(({} as { admin?: boolean }).admin).toBeUndefined();
});

test("nesting is bounded, and what only looks like nesting is not counted", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  expect(codeOf(nested(64))).toBe("accepted");
  expect(codeOf(nested(65))).toBe("invalid_request");
  expect(codeOf(nested(2_000_000))).toBe("invalid_request");
  expect(codeOf(JSON.stringify("[".repeat(1000)))).toBe("accepted");
});

test("bytes that are not UTF-8, and text that is not JSON, are a parse error", () => {
  expect(codeOf(Buffer.from([0x22, 0xff, 0x22]))).toBe("parse_error");
  expect(codeOf("")).toBe("parse_error");
  expect(codeOf('{"a":')).toBe("parse_error");
  expect(codeOf('{"a":"unended')).toBe("parse_error");
});
