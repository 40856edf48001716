import { expect, test } from "vitest";
import { argumentsProblem } from "../src/http/check-arguments.ts";

function nested(levels: number): object {
  return levels === 0 ? { end: true } : { next: nested(levels - 1) };
}

test.each([
  {
    what: "a schema that costs twice as much with each level",
    property: { $ref: "#/$defs/node" },
    value: nested(60),
  },
  {
    what: "a long list whose items must all differ",
    property: { type: "array", uniqueItems: true },
    value: Array.from({ length: 200_000 }, (_, n) => ({ n })),
  },
])("$what keeps nobody waiting, now or later", ({ property, value }) => {
  const again = { $ref: "#/$defs/node" };
  const node = { type: "object", properties: { next: { anyOf: [again, again] }, end: false } };
  const schema = { type: "object", properties: { value: property }, $defs: { node } };
  const startedAt = performance.now();
  expect(argumentsProblem(schema, { value })).toBeNull();
  const lookedAt = performance.now();
  expect(lookedAt - startedAt).toBeLessThan(5000);
  expect(argumentsProblem(schema, { value })).toBeNull();
  expect(performance.now() - lookedAt).toBeLessThan(50);
});
