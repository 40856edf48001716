import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Outcome } from "@gatehouse/testing/conformance/run";
import { runThroughGateway } from "@gatehouse/testing/conformance/through-gateway";
import { beforeAll, describe, expect, test } from "vitest";

// Scenarios of one era at a server of the other. The table in the document is made from this run: `vitest run -u` writes it.

const document = fileURLToPath(new URL("../../docs/eras.md", import.meta.url));
const TABLE = /(?<=<!-- made from the run of test\/conformance\/across-eras.test.ts -->\n\n).*?(?=\n\n<!-- end -->)/s;

/** What the far era has no words for: the one failure that a scenario may have, and why. */
const INEXPRESSIBLE: Record<string, { failure: string; because: string }> = {
  "input-required-result-basic-elicitation": {
    failure: 'sep-2322-elicitation-incomplete: inputRequests missing expected key "user_name"',
    because:
      "the scenario wants a question by the name of `user_name`; what a legacy server asks has no name, and the gateway gives it one",
  },
  "input-required-result-ignore-extra-params": {
    failure:
      "sep-2322-ignore-unexpected-params: Server did not return complete result when valid inputResponses were provided " +
      "alongside extra keys. Servers SHOULD ignore information they do not recognize.",
    because:
      "the scenario answers before it is asked, and without a `requestState`; a legacy server takes answers to what it has asked, and asks",
  },
};

const isInexpressible = ({ scenario, failures }: Outcome) => failures.join() === INEXPRESSIBLE[scenario]?.failure;

const crossings = [
  { revision: "2026-07-28", upstream: "legacy", required: 37 },
  { revision: "2025-11-25", upstream: "modern", required: 30 },
] as const;

const failedOf = (scored: Outcome[]) => scored.filter(({ failures }) => failures.length > 0);

const outcomes: Record<string, Outcome[]> = {};

describe.for(crossings)("$revision at a $upstream server", ({ revision, upstream, required }) => {
  beforeAll(async () => {
    outcomes[revision] = (await runThroughGateway(revision, upstream)).scored;
  }, 120_000);

  // server-stateless: what a legacy server asks is no request on a modern stream (MUST-M08).
  test("every scenario passes that the server's era can express", () => {
    const unexplained = failedOf(outcomes[revision]!).filter((outcome) => !isInexpressible(outcome));
    expect(outcomes[revision]).toHaveLength(required);
    expect(unexplained).toEqual([]);
  });
});

test("nothing is called inexpressible that passes", () => {
  const failed = Object.values(outcomes).flatMap(failedOf);
  expect(failed.map(({ scenario }) => scenario).sort()).toEqual(Object.keys(INEXPRESSIBLE).sort());
});

test("the table in docs/eras.md is of this run", async () => {
  const written = await readFile(document, "utf8");
  expect(written).toMatch(TABLE);
  await expect(written.replace(TABLE, tableOf(outcomes))).toMatchFileSnapshot(document);
});

function tableOf(byRevision: Record<string, Outcome[]>): string {
  const head = ["scenario", ...crossings.map(({ revision, upstream }) => `${revision} at a ${upstream} server`)];
  const names = new Set(crossings.flatMap(({ revision }) => byRevision[revision]!.map(({ scenario }) => scenario)));
  const lines = [...names].map((name) => [
    name,
    ...crossings.map(({ revision }) => cellOf(name, byRevision[revision]!)),
  ]);
  const rule = head.map(() => "---");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function cellOf(name: string, scored: Outcome[]): string {
  const outcome = scored.find(({ scenario }) => scenario === name);
  if (!outcome) return "";
  if (outcome.failures.length === 0) return "passes";
  return isInexpressible(outcome) ? `cannot be expressed: ${INEXPRESSIBLE[name]!.because}` : "fails";
}
