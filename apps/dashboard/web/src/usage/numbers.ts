const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const SIZES = ["B", "kB", "MB", "GB", "TB"];

export const count = (value: number): string => (value < 100_000 ? WHOLE.format(value) : SHORT.format(value));

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), SIZES.length - 1);
  return `${SHORT.format(value / 1000 ** power)} ${SIZES[power]}`;
}

export function duration(ms: number): string {
  return ms < 1000 ? `${WHOLE.format(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (100 * part) / whole;
  return share > 0 && share < 0.1 ? "< 0.1 %" : `${share.toFixed(share < 10 ? 1 : 0)} %`;
}
