import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { ChainedRow } from "@gatehouse/audit/chain";
import type { Head } from "@gatehouse/audit/head";
import type { ExportedLine } from "@gatehouse/dashboard/audit/whole-log";
import { Fault } from "@gatehouse/faults";

/** The lines of a file, of an export or of heads. */
export async function* readLines<Line extends ExportedLine>(path: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (text !== "") yield parseLine<Line>(text, `${path}:${number}`);
  }
}

function parseLine<Line>(text: string, place: string): Line {
  try {
    const line = JSON.parse(text);
    if (typeof line?.org === "string") return line;
  } catch {
    // Said below.
  }
  throw new Fault("invalid_fields", `${place} is no line of an export of the audit log.`);
}

export const isHead = (line: ExportedLine): line is Head => "kind" in line;
export const isChained = (line: ExportedLine): line is ChainedRow => "seq" in line && !isHead(line);
