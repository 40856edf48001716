export type Days = 1 | 7 | 30 | 90;

export const DEFAULT_DAYS = 7;

/** Of an address that anybody may have written. */
export function readDays({ days }: Record<string, unknown>): { days?: Days } {
  const known = ([1, 7, 30, 90] as const).find((one) => one === Number(days));
  return known ? { days: known } : {};
}
