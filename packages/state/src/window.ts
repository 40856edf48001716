/** The time that a count is kept for, cut into slots. What was used in a slot counts as long as the slot does. */
export interface Window {
  /** How many slots before the present one count too. */
  readonly slots: number;
  slotAt(nowMs: number): number;
  /** When what was used in the slot counts no more. */
  endOf(slot: number): number;
}

const SLOTS = 40;

/** Every stretch of so many seconds. What a slot's use counts is rounded up to whole slots, and so never too little. */
export function sliding(seconds: number): Window {
  const slotMs = (seconds * 1000) / SLOTS;
  return {
    slots: SLOTS,
    slotAt: (nowMs) => Math.floor(nowMs / slotMs),
    endOf: (slot) => (slot + SLOTS + 1) * slotMs,
  };
}

const DAY_MS = 86_400_000;

/** From midnight to midnight, UTC. */
export function daily(): Window {
  return { slots: 0, slotAt: (nowMs) => Math.floor(nowMs / DAY_MS), endOf: (slot) => (slot + 1) * DAY_MS };
}

/** The months of the calendar, UTC, counted from 1970 on. */
export function monthly(): Window {
  let slot = 0;
  let end = 0;
  let start = 0;
  const startOf = (month: number) => Date.UTC(1970, month);
  return {
    slots: 0,
    slotAt(nowMs) {
      if (nowMs >= start && nowMs < end) return slot;
      const date = new Date(nowMs);
      slot = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
      [start, end] = [startOf(slot), startOf(slot + 1)];
      return slot;
    },
    endOf: (month) => startOf(month + 1),
  };
}
