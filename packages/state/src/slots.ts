import { lotOf, type Wait } from "./meter.ts";
import { type Given, LEASE_MS, type Shares } from "./shares.ts";

/** Nobody can say when a call ends. */
const TRY_AGAIN_MS = 1000;

/** At most `max` at the same time, at all replicas together. Each holds as many slots as it uses, and a lot beyond that. */
export class Slots {
  readonly #key: string;
  readonly #shares: Shares | null;
  readonly #holder: string;
  #max = 0;
  #active = 0;
  #held = 0;
  #rest = 0;
  /** Until when what is held may be used, on the clock of `performance.now()`. */
  #goodUntil = 0;
  /** How many this replica may hold where Redis is slow to answer, as Redis told it last, and how long that counts. */
  #aloneUpTo = 0;
  #toldUntil = 0;
  #coming: Promise<void> | null = null;
  #needed = 0;

  constructor({ key, max, shares }: { key: string; max: number; shares: Shares | null }) {
    this.#key = key;
    this.#shares = shares;
    this.#holder = shares?.newHolder() ?? "";
    this.max = max;
  }

  get max(): number {
    return this.#max;
  }

  /** What is in use counts on. */
  set max(max: number) {
    if (max === this.#max) return;
    this.#max = max;
    this.#held = this.#shares === null ? max : 0;
    this.#toldUntil = 0;
    this.#goodUntil = this.#shares === null ? Number.POSITIVE_INFINITY : 0;
  }

  /** 0 where there is a slot, which is to be given back. */
  take(): Wait | Promise<Wait> {
    if (this.#active < this.#held && performance.now() < this.#goodUntil) return this.#use();
    return this.#shares === null ? TRY_AGAIN_MS : this.#takeNext();
  }

  giveBack(): void {
    this.#active--;
  }

  /** As far as this replica knows. */
  get remaining(): number {
    return Math.max(0, this.#held - this.#active + this.#rest);
  }

  get isIdle(): boolean {
    return this.#active === 0 && (this.#shares === null || this.#held === 0);
  }

  /** Keeps what is used, and gives back what is not. */
  async renew(): Promise<void> {
    if (this.#shares === null || this.#coming !== null || this.isIdle) return;
    await this.#refill(this.#active > 0 ? lotOf(this.max) : 0);
  }

  #use(): 0 {
    this.#active++;
    return 0;
  }

  async #takeNext(): Promise<Wait> {
    this.#needed++;
    this.#coming ??= this.#refill(lotOf(this.max)).finally(() => {
      this.#coming = null;
    });
    await this.#coming;
    return this.#active < this.#held ? this.#use() : TRY_AGAIN_MS;
  }

  async #refill(lot: number): Promise<void> {
    await Promise.resolve();
    const [now, held, wanted] = [performance.now(), this.#active, this.#needed];
    this.#goodUntil = 0;
    const none = { slot: 0, slots: 0, used: [] };
    const asked = { ...none, max: this.max, held, wanted, lot, keepMs: 2 * LEASE_MS };
    const given = await this.#shares!.ask(this.#key, this.#holder, asked);
    this.#needed = 0;
    if (given) this.#receive(held, given, now);
    else this.#held = this.#heldAlone(this.#shares!, now);
    this.#goodUntil = now + LEASE_MS;
  }

  #heldAlone(shares: Shares, now: number): number {
    return shares.isConnected() && now < this.#toldUntil ? this.#aloneUpTo : shares.shareOf(this.max);
  }

  #receive(held: number, { points, total }: Given, now: number): void {
    this.#held = held + points;
    this.#rest = this.max - total - points;
    this.#aloneUpTo = this.#held + this.#shares!.partOf(this.#rest, this.max);
    this.#toldUntil = now + LEASE_MS;
  }
}
