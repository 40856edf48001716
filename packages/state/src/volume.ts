import type { Meter, Wait } from "./meter.ts";

/** Counts what is known only when it is over: who comes is let through as long as anything is left. */
export class Volume {
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  take(): Wait | Promise<Wait> {
    return this.#meter.look();
  }

  giveBack(): void {}

  charge(points: number): void {
    this.#meter.charge(points);
  }

  get remaining(): number {
    return this.#meter.remaining;
  }
}
