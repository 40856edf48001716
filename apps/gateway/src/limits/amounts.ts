import type { Limiter, Period } from "@gatehouse/state/limiter";
import type { Meter, Wait } from "@gatehouse/state/meter";
import { Volume } from "@gatehouse/state/volume";
import type { LimitedSubject } from "@gatehouse/store/limits";
import type { Amount } from "@gatehouse/store/tables";

/** One limit of one subject, and what counts it. */
export interface Limit extends LimitedSubject {
  amount: Amount;
  max: number;
  gauge: Gauge;
}

export interface Gauge {
  take(): Wait | Promise<Wait>;
  giveBack(): void;
  /** As far as this replica knows. */
  readonly remaining: number;
}

export interface Counting {
  limiter: Limiter;
  /** What the subject is known to have used. */
  used(period: Period, what: "calls" | "bytes"): Promise<number>;
}

type Open = (name: string, max: number, counting: Counting) => Gauge;

interface Kind {
  open: Open;
  /** After the number, as in “This member may make 20 calls a second”. */
  words: string;
  /** As in `RateLimit-Policy`: the window in seconds, where it is always as long, and what is counted if not requests. */
  parameters: string;
}

/** The shortest come first: whoever is refused by one has taken nothing from those that last. */
export const AMOUNTS: Record<Amount, Kind> = {
  callsPerSecond: { open: rate(1), words: "calls a second", parameters: ";w=1" },
  callsPerMinute: { open: rate(60), words: "calls a minute", parameters: ";w=60" },
  callsPerDay: { open: quota("day", "calls"), words: "calls a day", parameters: ";w=86400" },
  callsPerMonth: { open: quota("month", "calls"), words: "calls a month", parameters: "" },
  bytesPerDay: { open: volume("day"), words: "bytes a day", parameters: ';w=86400;qu="content-bytes"' },
  bytesPerMonth: { open: volume("month"), words: "bytes a month", parameters: ';qu="content-bytes"' },
  concurrentCalls: {
    open: (name, max, { limiter }) => limiter.slots(name, max),
    words: "calls at the same time",
    parameters: ';qu="concurrent-requests"',
  },
};

function rate(seconds: number): Open {
  return (name, max, { limiter }) => limiter.rate(name, max, seconds);
}

function quota(period: Period, what: "calls" | "bytes"): (...args: Parameters<Open>) => Meter {
  return (name, max, { limiter, used }) => limiter.quota(`${name}:${what}`, max, period, () => used(period, what));
}

function volume(period: Period): Open {
  const meterOf = quota(period, "bytes");
  return (...args) => new Volume(meterOf(...args));
}
