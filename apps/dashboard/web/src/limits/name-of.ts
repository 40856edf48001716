import type { Limits } from "../api/usage/limits.ts";
import type { Subject } from "./amounts.ts";

/** What is gone keeps its limit, and only its id is left of it. */
export function nameOf(names: Limits["names"], subject: Subject, subjectId: string): string {
  const known = subject === "org" ? [] : names[subject];
  return known.find(({ id }) => id === subjectId)?.name ?? subjectId;
}
