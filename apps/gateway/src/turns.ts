import type { Step } from "./exchange.ts";
import type { OrgSnapshot } from "./snapshots.ts";

// Who calls little never waits behind all that somebody else sends at once: where several orgs call, each goes on with one
// exchange in one turn of the event loop, and what it may call in a second is spread over the second.

/** For so long after the last call of another org it is thought to be there. */
const SHARED_MS = 10_000;
/** The calls of an org that may call less than a thousand times a second need be no farther apart. */
const SPACING_MS_MAX = 1;
/** After a rest, what comes within so long is not spread. */
const AHEAD_MS = 10;

const lines = new WeakMap<OrgSnapshot, Line>();
/** Where somebody waits, or has gone on in this turn of the event loop. */
const active = new Set<Line>();
let isNextComing = false;
let timer: NodeJS.Timeout | undefined;
let latestOrgId: string | null = null;
let sharedUntil = 0;

/** More than one org has called of late. */
export function isShared(): boolean {
  return performance.now() < sharedUntil;
}

/** Settles when the exchange may go on. */
export const takeTurn: Step = function takeTurn({ org }) {
  if (org.id !== latestOrgId) {
    if (latestOrgId !== null) sharedUntil = performance.now() + SHARED_MS;
    latestOrgId = org.id;
  }
  if (isShared()) return lineOf(org).enter();
};

/** An org's exchanges, in the order in which they come. */
class Line {
  readonly #spacingMs: number;
  readonly #waiting: (() => void)[] = [];
  #dueAt = 0;
  #isOver = false;

  constructor(callsPerSecond = Number.POSITIVE_INFINITY) {
    this.#spacingMs = Math.min(1000 / callsPerSecond, SPACING_MS_MAX);
  }

  enter(): void | Promise<void> {
    const now = performance.now();
    if (this.#waiting.length === 0 && !this.#isOver && now >= this.#dueAt) return this.#go(now);
    comeBackTo(this);
    return new Promise((goOn) => void this.#waiting.push(goOn));
  }

  /** In the next turn of the event loop. Answers when to come again, and `null` where nobody waits. */
  next(now: number): number | null {
    this.#isOver = false;
    if (this.#waiting.length === 0) return null;
    if (now >= this.#dueAt) {
      this.#waiting.shift()!();
      this.#go(now);
    }
    return this.#dueAt;
  }

  #go(now: number): void {
    this.#dueAt = Math.max(this.#dueAt, now - AHEAD_MS) + this.#spacingMs;
    this.#isOver = true;
    comeBackTo(this);
  }
}

function lineOf(org: OrgSnapshot): Line {
  const known = lines.get(org);
  if (known) return known;
  const line = new Line(org.allowance({ subject: "org", subjectId: "" }).callsPerSecond);
  lines.set(org, line);
  return line;
}

function comeBackTo(line: Line): void {
  active.add(line);
  if (isNextComing) return;
  isNextComing = true;
  setImmediate(goThroughLines);
}

function goThroughLines(): void {
  isNextComing = false;
  const now = performance.now();
  let soonest = Number.POSITIVE_INFINITY;
  for (const line of active) {
    const dueAt = line.next(now);
    if (dueAt === null) active.delete(line);
    else soonest = Math.min(soonest, dueAt);
  }
  if (isNextComing || active.size === 0) return;
  clearTimeout(timer);
  timer = setTimeout(goThroughLines, soonest - now);
}
