import type { Wait } from "@gatehouse/state/meter";
import { Slots } from "@gatehouse/state/slots";
import { Volume } from "@gatehouse/state/volume";
import type { LimitedSubject } from "@gatehouse/store/limits";
import type { Amount } from "@gatehouse/store/tables";
import type { OrgSnapshot } from "../snapshots.ts";
import { AMOUNTS, type Counting, type Limit } from "./amounts.ts";

/** The limits that a call has to pass together. They are made once, and cost a call nothing but the counting. */
export class CallLimits {
  /** The value of `RateLimit-Policy`. */
  readonly policy: string;
  readonly #limits: Limit[];
  /** How many of them count more than what is under way. */
  readonly #lasting: number;
  readonly #volumes: Volume[];

  constructor(limits: Limit[]) {
    this.#limits = limits;
    this.#lasting = limits.filter(({ gauge }) => !(gauge instanceof Slots)).length;
    this.#volumes = limits.flatMap(({ gauge }) => (gauge instanceof Volume ? [gauge] : []));
    this.policy = limits.map(policyOf).join(", ");
  }

  /** `null` where all let it pass, else the one that does not. Only what asks Redis is waited for. */
  take(isCall: boolean): Refusal | null | Promise<Refusal | null> {
    return this.#takeFrom(0, isCall ? this.#limits.length : this.#lasting);
  }

  /** When it is over. */
  leave(isCall: boolean, bytes: number): void {
    for (const volume of this.#volumes) volume.charge(bytes);
    if (!isCall) return;
    for (let index = this.#lasting; index < this.#limits.length; index++) this.#limits[index]!.gauge.giveBack();
  }

  /** The limit of which the least part is left. */
  get tightest(): Limit | null {
    let tightest: Limit | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const limit of this.#limits) {
      const part = limit.gauge.remaining / limit.max;
      if (part >= least) continue;
      least = part;
      tightest = limit;
    }
    return tightest;
  }

  #takeFrom(first: number, end: number): Refusal | null | Promise<Refusal | null> {
    for (let index = first; index < end; index++) {
      const wait = this.#limits[index]!.gauge.take();
      if (typeof wait !== "number") return wait.then((ms) => this.#goOn(index, end, ms));
      if (wait > 0) return this.#refuse(index, wait);
    }
    return null;
  }

  #goOn(index: number, end: number, wait: Wait): Refusal | null | Promise<Refusal | null> {
    return wait > 0 ? this.#refuse(index, wait) : this.#takeFrom(index + 1, end);
  }

  #refuse(index: number, waitMs: Wait): Refusal {
    for (let taken = 0; taken < index; taken++) this.#limits[taken]!.gauge.giveBack();
    return { limit: this.#limits[index]!, waitMs };
  }
}

export interface Refusal {
  limit: Limit;
  waitMs: Wait;
}

/** In the order of `AMOUNTS`, whoever's they are. */
export function limitsOf(
  org: OrgSnapshot,
  subjects: LimitedSubject[],
  countingOf: (org: OrgSnapshot, subject: LimitedSubject) => Counting,
): CallLimits | null {
  const limits = subjects.flatMap((subject) => {
    const allowed = Object.entries(org.allowance(subject)) as [Amount, number][];
    return allowed.map(([amount, max]) => openLimit(org, subject, amount, max, countingOf(org, subject)));
  });
  const order = Object.keys(AMOUNTS);
  limits.sort((a, b) => order.indexOf(a.amount) - order.indexOf(b.amount));
  return limits.length > 0 ? new CallLimits(limits) : null;
}

function openLimit(org: OrgSnapshot, subject: LimitedSubject, amount: Amount, max: number, counting: Counting): Limit {
  const name = `${org.id}:${subject.subject}:${subject.subjectId}`;
  return { ...subject, amount, max, gauge: AMOUNTS[amount].open(name, max, counting) };
}

export const nameOf = ({ subject, amount }: Limit): string => `"${subject}.${amount}"`;

const policyOf = (limit: Limit): string => `${nameOf(limit)};q=${limit.max}${AMOUNTS[limit.amount].parameters}`;
