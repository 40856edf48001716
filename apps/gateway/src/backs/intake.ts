import { Fault } from "@gatehouse/faults";
import type { OrgSnapshot } from "../snapshots.ts";
import { isShared } from "../turns.ts";

// What one org's upstreams send leaves the calls of others their turn, and their room. Long answers are taken in at a pace
// where several orgs call, and so much of them is held at once.

/** Of an answer, what is taken in as it comes. */
const SHORT_BYTES = 64 * 1024;
/** Of all of an org's answers that are not whole yet. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;
/** What one org's long answers have of this process's time. */
const SHARE = 0.1;
/** What they may take at once after a rest. */
const AHEAD_MS = 100;
/** What an answer takes before it rests: reading on has a price of its own. */
const TURN_MS = 4;
/** To receive it, or to read what it says, and to collect the garbage that it becomes. */
const MS_PER_BYTE = 12 / 1024 ** 2;

/** By an org's long answers. */
interface Taken {
  heldBytes: number;
  /** When its share will have made up for what they took, on the clock of `performance.now()`. */
  evenAt: number;
}

const takenBy = new WeakMap<OrgSnapshot, Taken>();

/** One answer, or stream. */
export class Intake {
  readonly #org: OrgSnapshot;
  #length = 0;
  #heldBytes = 0;
  #spentMs = 0;

  constructor(org: OrgSnapshot) {
    this.#org = org;
  }

  /**
   * So many bytes have been taken in since `beganAt`. Answers how many milliseconds to leave what comes next where it is;
   * throws where the org has too much that is not whole.
   */
  take(bytes: number, beganAt: number): number {
    this.#length += bytes;
    if (this.#length <= SHORT_BYTES) return 0;
    const taken = takenOf(this.#org);
    taken.heldBytes += bytes;
    this.#heldBytes += bytes;
    if (taken.heldBytes > HELD_BYTES_MAX) throw tooMuch();
    const now = performance.now();
    this.#spentMs += now - beganAt + bytes * MS_PER_BYTE;
    if (this.#spentMs < TURN_MS) return 0;
    const restMs = restAfter(this.#spentMs, taken, now);
    this.#spentMs = 0;
    return restMs;
  }

  /** How many milliseconds later what it says may be read, which takes one turn of the event loop: one answer after the other. */
  whole(): number {
    if (this.#length <= SHORT_BYTES) return 0;
    return restAfter(this.#length * MS_PER_BYTE, takenOf(this.#org), performance.now());
  }

  /** What has been taken is whole, or given up. */
  letGo(): void {
    if (this.#heldBytes > 0) takenOf(this.#org).heldBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }
}

function restAfter(spentMs: number, taken: Taken, now: number): number {
  if (!isShared()) return 0;
  taken.evenAt = Math.max(taken.evenAt, now - AHEAD_MS / SHARE) + spentMs / SHARE;
  return Math.max(0, taken.evenAt - now);
}

function takenOf(org: OrgSnapshot): Taken {
  const known = takenBy.get(org);
  if (known) return known;
  const taken = { heldBytes: 0, evenAt: 0 };
  takenBy.set(org, taken);
  return taken;
}

function tooMuch(): Fault {
  return new Fault("upstream_failed", "so many long answers are on their way that there is no place for this one");
}
