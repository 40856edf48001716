import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { writePart } from "./reliability.ts";
import { survive } from "./remembering.ts";

// No answer without a record when there is no room for one. Fails where one is missing, where a call is answered otherwise than
// by 503, and where it does not go on by itself. Takes somebody who may mount. The argument is how often.

const run = promisify(execFile);
const TIMES = Number(process.argv[3] ?? 10);
const MEGABYTES = 512;

const directory = await mkdtemp(join(tmpdir(), "gatehouse-full-"));
await using stack = new AsyncDisposableStack();
stack.defer(() => rm(directory, { recursive: true }));
const refused = await mount(directory);
if (refused) console.log(`Skipped: nothing can be mounted here, so that no disk can be full.\n${refused}`);
else await prove();

/** Answers why not. */
async function mount(at: string): Promise<string | null> {
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${MEGABYTES}m,mode=0755`, "gatehouse", at]);
    stack.defer(async () => void (await run("umount", [at])));
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

async function prove(): Promise<void> {
  const { answered, writesUpstream, unknown, refused, failed, rows, missing, finding } = await survive({
    ...{ what: "disk", times: TIMES, disk: directory },
  });
  const cells = [answered, writesUpstream, unknown, refused, failed, rows, missing.length, finding ?? "whole"];
  const text = `
\`npm run proof disk-full\` has the embedded Postgres on a file system of ${MEGABYTES} MB, and fills it up to its last page ${TIMES} times while reads and writes are called,
16 at once. When some hundred calls have been refused, what it was filled with is deleted, and nothing else is done. Then the audit log is compared as after a crash.

| answers seen | writes upstream | unknown | refused, 503 | ended in any other way | rows | missing | the chain |
|---|---|---|---|---|---|---|---|
| ${cells.join(" | ")} |
`;
  await writePart("What is on record when the disk is full", text);
  console.log(text);
  if (missing.length > 0 || finding) throw new Error(`${missing.length} missing; ${finding ?? "chain whole"}`);
  if (failed > 0) throw new Error(`${failed} calls were not answered by 503`);
}
