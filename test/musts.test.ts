import { glob, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { MUSTS } from "./musts.ts";

const root = new URL("../", import.meta.url).pathname;

test("every MUST of the transport chapters is cited by a test that shows it, and no test cites another", async () => {
  const cited = new Set<string>();
  for await (const file of glob(["test/**/*.test.ts", "{apps,packages}/*/test/**/*.test.ts"], { cwd: root }))
    for (const [id] of (await readFile(`${root}${file}`, "utf8")).matchAll(/MUST-[ML]\d\d/g)) cited.add(id);
  expect([...cited].sort()).toEqual(MUSTS.map(({ id }) => id).sort());
});
