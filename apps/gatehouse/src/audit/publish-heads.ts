import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Head } from "@gatehouse/audit/head";
import { Fault } from "@gatehouse/faults";
import type { PublishHeads } from "./sign-heads.ts";

/** `file:///path`, which heads are appended to as JSON lines. */
export function publishTo(place: URL | undefined): PublishHeads {
  return place ? appendTo(fileURLToPath(place)) : async () => {};
}

/** On the disk when it is said to be. */
function appendTo(path: string): PublishHeads {
  return async function appendHeads(heads) {
    const file = await open(path, "a", 0o644).catch((cause) => {
      throw new Fault("unavailable", `Heads of the audit log cannot be written to ${path} (GATEHOUSE_AUDIT_HEADS).`, {
        cause,
      });
    });
    try {
      await file.appendFile(linesOf(heads));
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

const linesOf = (heads: Head[]): string => heads.map((head) => `${JSON.stringify(head)}\n`).join("");
