import type { LimitChange, Limits } from "../api/usage/limits.ts";

export type Amounts = LimitChange["amounts"];
export type Amount = keyof Amounts;
export type Subject = LimitChange["subject"];

/** What somebody limits: each of a kind where `subjectId` is "", or one of them. */
export interface Limited {
  subject: Subject;
  subjectId: string;
}

/** What the owners have set. */
export function setFor({ limits }: Limits, { subject, subjectId }: Limited): Amounts {
  const set = limits.find((limit) => limit.subject === subject && limit.subjectId === subjectId);
  return (set?.amounts ?? {}) as Amounts;
}

/** What the plan allows. */
export function planFor({ plan }: Limits, subject: Subject): Amounts {
  return (plan.limits[subject] ?? {}) as Amounts;
}

const MEGABYTE = 1e6;

interface Field {
  label: string;
  /** After the number, in a sentence. */
  words: string;
  /** What one of what people type in is. */
  unit: number;
}

/** In the order in which people think of them. */
export const AMOUNTS: Record<Amount, Field> = {
  callsPerSecond: { label: "Calls a second", words: "a second", unit: 1 },
  callsPerMinute: { label: "Calls a minute", words: "a minute", unit: 1 },
  concurrentCalls: { label: "Calls at the same time", words: "at the same time", unit: 1 },
  callsPerDay: { label: "Calls a day", words: "a day", unit: 1 },
  callsPerMonth: { label: "Calls a month", words: "a month", unit: 1 },
  bytesPerDay: { label: "Megabytes a day", words: "MB a day", unit: MEGABYTE },
  bytesPerMonth: { label: "Megabytes a month", words: "MB a month", unit: MEGABYTE },
};

export const NAMES = Object.keys(AMOUNTS) as Amount[];

/** As in “600 a minute, 5,000 MB a day”; `null` where there is no limit. */
export function inWords(amounts: Amounts): string | null {
  const parts = NAMES.flatMap((name) => {
    const max = amounts[name];
    const { unit, words } = AMOUNTS[name];
    return max === undefined ? [] : [`${(max / unit).toLocaleString("en")} ${words}`];
  });
  return parts.length > 0 ? parts.join(", ") : null;
}
