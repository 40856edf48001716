import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

// What the import of real descriptions comes to: GitHub's, from npm, and those that the arguments name.

const run = promisify(execFile);
const GITHUB = "@octokit/openapi@23.0.2";
const SECONDS_MAX = 5;
const MEGABYTES_MAX = 500;

interface Imported {
  title: string;
  version: string;
  operations: number;
  tools: number;
  chosen: number;
  leftOut: string[];
  bytes: { description: number; all: number; chosen: number };
  seconds: number;
  peakMb: number;
}

async function fetchGithub(directory: string): Promise<string> {
  await run("npm", ["pack", GITHUB, "--silent", "--pack-destination", directory], { cwd: directory });
  const file = "package/generated/api.github.com.json";
  await run("sh", ["-c", `tar xzf *.tgz ${file}`], { cwd: directory });
  return join(directory, file);
}

async function importOne(file: string): Promise<Imported> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, "import-one.ts"), file]);
  return JSON.parse(stdout);
}

const kilobytes = (bytes: number) => Math.round(bytes / 1024).toLocaleString("en");

function rowOf({ title, version, operations, tools, chosen, bytes, seconds, peakMb }: Imported): string {
  const cells = [title, version, kilobytes(bytes.description), operations, tools, kilobytes(bytes.all), chosen];
  return `| ${[...cells, kilobytes(bytes.chosen), seconds.toFixed(2), peakMb.toFixed(0)].join(" | ")} |`;
}

function report(imports: Imported[]): string {
  const leftOut = imports.flatMap(({ title, leftOut }) => leftOut.map((problem) => `- ${title}: ${problem}`));
  return `# Real descriptions, imported

\`npm run proof imports [file…]\` imports GitHub's description, from npm, and those that are named, each in a process of its own.
Chosen is what an owner is proposed: reads, but for deprecated ones. Sizes are of \`tools/list\`, in KB; the peak is the whole process's.

| API | OpenAPI | KB | operations | tools | KB of all | chosen | KB of chosen | seconds | peak MB |
|---|---|---|---|---|---|---|---|---|---|
${imports.map(rowOf).join("\n")}

Left out, and why:

${leftOut.length > 0 ? leftOut.join("\n") : "nothing."}
`;
}

const directory = await mkdtemp(join(tmpdir(), "gatehouse-imports-"));
try {
  const imports: Imported[] = [];
  for (const file of [await fetchGithub(directory), ...process.argv.slice(3)]) imports.push(await importOne(file));
  const text = report(imports);
  await writeFile(join(import.meta.dirname, "../docs/imports.md"), text);
  console.log(text);
  const { seconds, peakMb } = imports[0]!;
  if (seconds > SECONDS_MAX || peakMb > MEGABYTES_MAX) throw new Error("GitHub's takes more than is promised");
} finally {
  await rm(directory, { recursive: true });
}
