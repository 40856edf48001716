import { type Given, LEASE_MS, type Shares } from "./shares.ts";
import type { Window } from "./window.ts";

/** 0 where the call may go on, else the milliseconds after which it may be tried again. */
export type Wait = number;

const LOTS_PER_LIMIT = 50;
export const lotOf = (max: number): number => Math.max(1, Math.floor(max / LOTS_PER_LIMIT));

/** A limit that is used up is looked at again this soon: what other replicas hold comes back unused. */
const LOOK_AGAIN_MS = 250;

export interface MeterOptions {
  key: string;
  max: number;
  window: Window;
  /** `null` where there is one process. */
  shares: Shares | null;
  now: () => number;
  /** What is known to be used already, where nobody remembers: for windows that outlive processes. */
  usedBefore: (() => Promise<number>) | null;
}

/**
 * At most `max` points in any window, whichever replicas hand them out. They are taken in lots of a fiftieth at most and handed
 * out here; what has been used is told when the next lot is taken. Without Redis, each replica goes on with its part of
 * what was left.
 */
export class Meter {
  readonly window: Window;
  readonly #key: string;
  readonly #shares: Shares | null;
  readonly #holder: string;
  readonly #now: () => number;
  readonly #usedBefore: (() => Promise<number>) | null;
  #max = 0;
  /** This replica's own use: a ring of as many slots as count. */
  readonly #slotOf: Float64Array;
  readonly #usedIn: Float64Array;
  /** What may be handed out, and until when. */
  #left = 0;
  #goodUntil = 0;
  /** Until when nothing more is to be had, and when there will be something surely. */
  #spentUntil = 0;
  #endsAt = 0;
  /** What is left beyond that, as far as is known. */
  #rest = 0;
  #others = 0;
  #othersUntil = 0;
  #toldUpTo = -1;
  #begun = false;
  /** A lot under way, and what those who wait for it need. */
  #coming: Promise<void> | null = null;
  #needed = 0;

  constructor({ key, max, window, shares, now, usedBefore }: MeterOptions) {
    this.window = window;
    this.#key = key;
    this.#shares = shares;
    this.#holder = shares?.newHolder() ?? "";
    this.#now = now;
    this.#usedBefore = usedBefore;
    this.#slotOf = new Float64Array(window.slots + 1).fill(-1);
    this.#usedIn = new Float64Array(window.slots + 1);
    this.max = max;
  }

  get max(): number {
    return this.#max;
  }

  /** What has been used counts on. */
  set max(max: number) {
    if (max === this.#max) return;
    this.#max = max;
    this.#left = 0;
    this.#goodUntil = 0;
    this.#spentUntil = 0;
    this.#rest = max;
  }

  /** Nothing counts any more. */
  get isIdle(): boolean {
    return this.#ownUse(this.#now()) === 0;
  }

  take(): Wait | Promise<Wait> {
    return this.#takeUpTo(1);
  }

  /** For who was let through here and refused elsewhere. */
  giveBack(): void {
    this.#use(-1, this.#now());
  }

  /** As `take`, but takes nothing. */
  look(): Wait | Promise<Wait> {
    return this.#takeUpTo(0);
  }

  /** What is known only after the fact is taken whether there is as much or not. */
  charge(points: number): void {
    this.#use(points, this.#now());
  }

  /** As far as this replica knows. */
  get remaining(): number {
    return Math.max(0, this.#rest + this.#left);
  }

  #takeUpTo(points: 0 | 1): Wait | Promise<Wait> {
    const now = this.#now();
    if (this.#has(now)) return this.#use(points, now);
    if (now < this.#spentUntil) return this.#wait(now);
    if (this.#shares === null && (this.#begun || this.#usedBefore === null)) return this.#takeAlone(points, now);
    return this.#takeFromNextLot(points);
  }

  #has(now: number): boolean {
    return this.#left > 0 && now < this.#goodUntil;
  }

  #use(points: number, now: number): 0 {
    const slot = this.window.slotAt(now);
    const index = slot % this.#slotOf.length;
    if (this.#slotOf[index] !== slot) {
      this.#slotOf[index] = slot;
      this.#usedIn[index] = 0;
    }
    this.#usedIn[index]! += points;
    this.#left -= points;
    return 0;
  }

  #wait(now: number): Wait {
    return Math.max(1, Math.ceil(this.#endsAt - now));
  }

  #takeAlone(points: 0 | 1, now: number): Wait {
    this.#refillAlone(now);
    if (this.#has(now)) return this.#use(points, now);
    return this.#wait(now);
  }

  async #takeFromNextLot(points: 0 | 1): Promise<Wait> {
    this.#needed++;
    this.#coming ??= this.#refill().finally(() => {
      this.#coming = null;
    });
    await this.#coming;
    return this.#takeUpTo(points);
  }

  /** Those who come in the same moment are counted in. */
  async #refill(): Promise<void> {
    await Promise.resolve();
    const given = this.#shares === null ? await this.#begin() : await this.#askUntilKnown(this.#shares);
    this.#needed = 0;
    if (given) this.#receive(given, this.#now());
    else this.#refillAlone(this.#now());
  }

  async #askUntilKnown(shares: Shares): Promise<Given | null> {
    const wasTold = this.#toldUpTo >= 0;
    const given = await this.#ask(shares);
    if (given === null || given.isKnown) return given;
    if (given.isFresh && this.#usedBefore) await this.#tellBefore(shares, this.#usedBefore);
    else if (!wasTold) return given;
    if (wasTold) this.#tellAnew();
    return this.#ask(shares);
  }

  async #ask(shares: Shares): Promise<Given | null> {
    const now = this.#now();
    const { slots } = this.window;
    const slot = this.window.slotAt(now);
    const held = now < this.#goodUntil ? Math.max(0, this.#left) : 0;
    const used = this.#usedSince(Math.max(this.#toldUpTo, slot - slots));
    const keepMs = this.window.endOf(slot) - now + LEASE_MS;
    const wanted = Math.max(0, this.#needed - held);
    this.#left = held;
    this.#goodUntil = 0;
    const asked = { max: this.max, slot, slots, used, held, wanted, lot: lotOf(this.max), keepMs };
    const given = await shares.ask(this.#key, this.#holder, asked);
    if (asked.max !== this.max) return null;
    this.#goodUntil = Math.min(now + LEASE_MS, slots === 0 ? this.window.endOf(slot) : Number.POSITIVE_INFINITY);
    if (given) this.#toldUpTo = slot;
    return given;
  }

  #receive({ points, total, oldest }: Given, now: number): void {
    this.#left += points;
    this.#rest = this.max - total - points;
    this.#others = total - this.#ownUse(now) - Math.max(0, this.#left - points);
    this.#othersUntil = this.window.endOf(this.window.slotAt(now));
    if (this.#left <= 0) this.#spend(this.window.endOf(oldest), now);
  }

  /** Of what others have used there is no news; what was known of them counts on. */
  #refillAlone(now: number): void {
    const own = this.#ownUse(now);
    const others = now < this.#othersUntil ? this.#others : 0;
    const share = this.#shares?.shareOf(this.max) ?? this.max;
    this.#left = Math.min(share, this.max - others) - own;
    if (this.#shares?.isConnected()) {
      this.#left = Math.min(this.#left, this.#shares.partOf(this.max - others - own, this.max));
    }
    this.#rest = 0;
    const slot = this.window.slotAt(now);
    this.#goodUntil = this.window.slots === 0 ? this.window.endOf(slot) : now + LOOK_AGAIN_MS;
    if (this.#left <= 0) this.#spend(this.window.endOf(this.#oldest(slot)), now);
  }

  #spend(endsAt: number, now: number): void {
    this.#endsAt = endsAt;
    this.#spentUntil = Math.min(endsAt, now + LOOK_AGAIN_MS);
  }

  /** In one process, what was used before it began. */
  async #begin(): Promise<null> {
    if (this.#usedBefore) this.#use(await this.#usedBefore(), this.#now());
    this.#begun = true;
    return null;
  }

  async #tellBefore(shares: Shares, usedBefore: () => Promise<number>): Promise<void> {
    const used = await usedBefore();
    const now = this.#now();
    const slot = this.window.slotAt(now);
    const keepMs = this.window.endOf(slot) - now + LEASE_MS;
    const nothing = { max: this.max, held: 0, wanted: 0, lot: 0 };
    await shares.ask(this.#key, "before", { ...nothing, slot, slots: 0, used: [slot, used], keepMs });
  }

  /** Redis has lost the count. What was used is told from where it is kept, or else by everyone for themselves. */
  #tellAnew(): void {
    this.#toldUpTo = -1;
    if (this.#usedBefore) this.#usedIn.fill(0);
  }

  #usedSince(first: number): number[] {
    const used: number[] = [];
    for (const [index, slot] of this.#slotOf.entries()) {
      if (slot >= first && slot >= 0) used.push(slot, Math.max(0, this.#usedIn[index]!));
    }
    return used;
  }

  #ownUse(now: number): number {
    const first = this.window.slotAt(now) - this.window.slots;
    let sum = 0;
    for (const [index, slot] of this.#slotOf.entries()) if (slot >= first) sum += this.#usedIn[index]!;
    return sum;
  }

  #oldest(slot: number): number {
    const first = slot - this.window.slots;
    return this.#slotOf.reduce((oldest, at) => (at >= first && at < oldest ? at : oldest), slot);
  }
}
