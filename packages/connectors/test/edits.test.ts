import { expect, test } from "vitest";
import { compareTools } from "../src/choice/compare.ts";
import { applyEdits, checkEdits, fillArguments } from "../src/choice/edits.ts";

const TOOL = {
  name: "create_invoice",
  description: "Creates an invoice.",
  inputSchema: {
    type: "object",
    properties: {
      amount: { type: "integer" },
      by: { type: "string" },
      currency: { type: "string" },
      debug: { type: "boolean" },
    },
    required: ["amount", "by", "currency"],
    additionalProperties: false,
  },
  outputSchema: {
    type: "object",
    properties: { id: {}, lines: { type: "array", items: { $ref: "#/$defs/line" } } },
    $defs: { line: { properties: { sku: {}, cost: {} } } },
  },
};
const EDITS = {
  name: "bill",
  title: "Bill",
  arguments: {
    by: { pinned: "{{member.email}}" },
    currency: { default: "EUR", description: "ISO 4217" },
    debug: { hidden: true as const },
  },
  dropped: ["lines.cost"],
};
const FACTS = {
  "member.id": "1",
  "member.email": "alice@acme.example",
  "member.name": "Alice",
  "member.role": "member",
  "org.slug": "acme",
  "org.name": "Acme",
};

test("clients see the edited tool, and the tool itself stays as it is", () => {
  const before = structuredClone(TOOL);
  expect(applyEdits(TOOL, EDITS)).toEqual({
    name: "bill",
    title: "Bill",
    description: "Creates an invoice.",
    inputSchema: {
      type: "object",
      properties: {
        amount: { type: "integer" },
        currency: { type: "string", description: "ISO 4217", default: "EUR" },
      },
      required: ["amount"],
      additionalProperties: false,
    },
    outputSchema: {
      type: "object",
      properties: { id: {}, lines: { type: "array", items: { properties: { sku: {} } } } },
      $defs: { line: { properties: { sku: {}, cost: {} } } },
    },
  });
  expect(TOOL).toEqual(before);
});

test("what is pinned or hidden is not a client's to set", () => {
  expect(fillArguments({ amount: 1, by: "mallory", debug: true }, EDITS, FACTS)).toEqual({
    amount: 1,
    by: "alice@acme.example",
    currency: "EUR",
  });
  expect(fillArguments({ amount: 1, currency: "USD" }, EDITS, FACTS)).toMatchObject({ currency: "USD" });
});

test("edits that the tool cannot have are refused by field", () => {
  const problems = (edits: object) => {
    try {
      checkEdits(TOOL, edits);
      return {};
    } catch (error) {
      return (error as { data: { fields: object } }).data.fields;
    }
  };
  expect(problems(EDITS)).toEqual({});
  expect(problems({ name: "no spaces" })).toHaveProperty("name");
  expect(problems({ arguments: { amount: { hidden: true } } })).toHaveProperty(
    ["arguments.amount"],
    expect.stringContaining("requires it"),
  );
  expect(problems({ arguments: { gone: { hidden: true } } })).toHaveProperty(["arguments.gone"]);
  expect(problems({ arguments: { by: { pinned: "{{member.password}}" } } })).toHaveProperty(
    ["arguments.by"],
    expect.stringContaining("no fact"),
  );
});

test("an import anew says what was added, removed, changed, and what edits miss", () => {
  const { by: _, ...properties } = TOOL.inputSchema.properties;
  const changed = { ...TOOL, inputSchema: { ...TOOL.inputSchema, properties } };
  const before = [
    { definition: TOOL, edits: EDITS },
    { definition: { ...TOOL, name: "gone" }, edits: null },
    { definition: { ...TOOL, name: "same" }, edits: null },
  ];
  expect(compareTools(before, [changed, { ...TOOL, name: "same" }, { ...TOOL, name: "new" }])).toEqual({
    added: ["new"],
    removed: ["gone"],
    changed: [{ name: "create_invoice", members: ["inputSchema"] }],
    missed: [{ name: "create_invoice", problems: ["The argument by, which was edited, is no longer there"] }],
  });
});

test("what is pinned or hidden is not set by another spelling of its name, which some servers take for the same", () => {
  const given = { amount: 1, BY: "mallory@evil.example", "Debu\u0047": true };
  expect(fillArguments(given, EDITS, FACTS)).toEqual({ amount: 1, by: "alice@acme.example", currency: "EUR" });
});
