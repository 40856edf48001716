import type { Limits } from "../api.ts";
import type { Subject } from "./amounts.ts";

/** What is gone keeps its limit, and only its id is left of it. Tools are known by their connector too. */
export function nameOf(names: Limits["names"], subject: Subject, subjectId: string): string {
  const known = subject === "org" ? [] : names[subject];
  const name = known.find(({ id }) => id === subjectId)?.name ?? subjectId;
  if (subject !== "tool") return name;
  const connector = names.connector.find(({ id }) => subjectId.startsWith(`${id}/`));
  return connector ? `${name} · ${connector.name}` : name;
}
