import { useInterval } from "@mantine/hooks";
import { useState } from "react";

const MINUTE_MS = 60_000;
const UNITS = [
  ["day", 24 * 60 * MINUTE_MS],
  ["hour", 60 * MINUTE_MS],
  ["minute", MINUTE_MS],
] as const;
const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** How long ago something was, which stays true while the page is open. */
export function Ago({ at }: { at: string }) {
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), MINUTE_MS / 2, { autoInvoke: true });
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {distance(now - Date.parse(at))}
    </time>
  );
}

function distance(ms: number): string {
  for (const [unit, size] of UNITS) if (ms >= size) return FORMAT.format(-Math.floor(ms / size), unit);
  return "just now";
}
