import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = join(import.meta.dirname, "../docs/reliability.md");
const HEAD = "# What is promised when something fails, and shown";

/** Writes one part of `docs/reliability.md` anew: several runs make it. `text` has no headings. */
export async function writePart(heading: string, text: string): Promise<void> {
  const written = await readFile(FILE, "utf8").catch(() => HEAD);
  const [, ...before] = written.split("\n## ");
  const part = `${heading}\n\n${text.trim()}\n`;
  const others = before.filter((one) => !one.startsWith(`${heading}\n`)).map((one) => `${one.trim()}\n`);
  await writeFile(FILE, [`${HEAD}\n`, ...[...others, part].sort()].join("\n## "));
}
