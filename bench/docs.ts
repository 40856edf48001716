import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes one part of a page of `docs/` anew, in its place or at the end: several runs make it. `text` has no headings. */
export async function writePart(page: string, heading: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, `../docs/${page}.md`);
  const parts = (await readFile(file, "utf8")).split("\n## ").map((part) => part.trim());
  const found = parts.findIndex((part) => part.startsWith(`${heading}\n`));
  parts[found < 0 ? parts.length : found] = `${heading}\n\n${text.trim()}`;
  await writeFile(file, `${parts.join("\n\n## ")}\n`);
}
