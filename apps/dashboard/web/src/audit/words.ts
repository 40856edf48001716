const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

export function shortTime(at: Date): string {
  const today = at.toDateString() === new Date().toDateString();
  return (today ? TIME : DAY_AND_TIME).format(at);
}

const TO_THE_MILLISECOND = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
});

export const fullTime = (at: Date): string => TO_THE_MILLISECOND.format(at);

export function durationOf(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const count = (many: number): string => many.toLocaleString("en");
