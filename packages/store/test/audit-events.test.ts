import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AUDIT_EVENTS } from "../src/audit-events.ts";

const ROOT = join(import.meta.dirname, "../../..");
const SOURCES = [
  "apps/*/src/**/*.ts",
  "apps/dashboard/server/**/*.ts",
  "packages/renewal/src/**/*.ts",
  "packages/store/src/signing-keys.ts",
];

test("docs/audit.md has every event of the audit log, and no other", async () => {
  const text = await readFile(join(ROOT, "docs/audit.md"), "utf8");
  const table = text.slice(text.indexOf("## What happens"), text.indexOf("## Having it sent on"));
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const told = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, event]) => event!));
  expect(told.sort()).toEqual([...AUDIT_EVENTS].sort());
});

test("every event of the audit log is written somewhere", async () => {
  const paths = await Array.fromAsync(glob(SOURCES, { cwd: ROOT, exclude: (path) => path.includes("node_modules") }));
  const source = (await Promise.all(paths.map((path) => readFile(join(ROOT, path), "utf8")))).join("\n");
  const isWritten = (event: string) => source.includes(`"${event}"`) || source.includes(`\`${event.split(".")[0]}.\${`);
  expect(AUDIT_EVENTS.filter((event) => !isWritten(event))).toEqual([]);
});
