import { readFile } from "node:fs/promises";
import { importDescription } from "@gatehouse/connectors/openapi/import-description";

// Imports the description that the argument names, and tells what it cost: a process of its own, whose peak is nothing else's.

const text = await readFile(process.argv[2]!, "utf8");
const startedAt = performance.now();
const { title, version, operations, tools, notes } = importDescription(text);
const seconds = (performance.now() - startedAt) / 1000;
const listed = (of: typeof tools) =>
  Buffer.byteLength(JSON.stringify({ tools: of.map(({ definition }) => definition) }));
const leftOut = notes.filter((note) => note.leftOut).map(({ problem }) => problem);
const chosen = tools.filter(({ suggested }) => suggested.offered);
console.log(
  JSON.stringify({
    ...{ title, version, operations, leftOut, seconds, tools: tools.length, chosen: chosen.length },
    bytes: { description: Buffer.byteLength(text), all: listed(tools), chosen: listed(chosen) },
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
);
