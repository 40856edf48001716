import { randomUUID } from "node:crypto";
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Head } from "@gatehouse/audit/head";
import { Fault } from "@gatehouse/faults";
import { putObject } from "./put-object.ts";
import type { PublishHeads } from "./sign-heads.ts";

/** `file:///path`, which heads are appended to as JSON lines, or `s3://bucket/prefix`, where each time makes an object of them. */
export function publishTo(place: URL | undefined): PublishHeads {
  if (!place) return async () => {};
  return place.protocol === "s3:" ? putInto(place) : appendTo(fileURLToPath(place));
}

/** On the disk when it is said to be. */
function appendTo(path: string): PublishHeads {
  return async function appendHeads(heads) {
    const file = await open(path, "a", 0o644).catch(explain(path));
    try {
      await file.appendFile(linesOf(heads));
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

/** Under a name that no other has: what was put there is never written over. */
function putInto(place: URL): PublishHeads {
  return async function putHeads(heads) {
    const [day, time] = heads[0]!.at.split("T") as [string, string];
    const name = `${day}/${time.replaceAll(":", "-")}-${randomUUID()}.jsonl`;
    await putObject(place, name, linesOf(heads)).catch(explain(`s3://${place.host}${place.pathname}`));
  };
}

function explain(place: string) {
  return (cause: unknown): never => {
    const detail = `Heads of the audit log cannot be written to ${place} (GATEHOUSE_AUDIT_HEADS).`;
    throw new Fault("unavailable", detail, { cause });
  };
}

const linesOf = (heads: Head[]): string => heads.map((head) => `${JSON.stringify(head)}\n`).join("");
