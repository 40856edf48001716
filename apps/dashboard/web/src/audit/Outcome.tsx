import { Tooltip } from "@mantine/core";
import type { CSSProperties } from "react";
import classes from "./audit.module.css";

const OUTCOMES: Record<string, { label: string; color: string; explained?: string }> = {
  ok: { label: "OK", color: "teal" },
  tool_error: { label: "tool error", color: "orange", explained: "The tool was called, and says that it failed" },
  started: { label: "running", color: "blue", explained: "A write that was sent and has not been answered yet" },
  unknown: { label: "unknown", color: "red", explained: "A write that was sent; how it ended was never recorded" },
  cancelled: { label: "cancelled", color: "gray" },
  closed: { label: "closed", color: "gray", explained: "A stream that the client listened to until then" },
  opened: { label: "opened", color: "blue", explained: "A stream that stays open for as long as the client listens" },
  input_required: { label: "asks back", color: "blue", explained: "The server asked the member for something first" },
  unanswered: { label: "to be resumed", color: "gray", explained: "The server will answer on another stream" },
  undelivered: { label: "undelivered", color: "gray", explained: "It went well, and the client no longer listened" },
};

export function Outcome({ outcome }: { outcome: string }) {
  const { label, color, explained } = OUTCOMES[outcome] ?? { label: outcome.replaceAll("_", " "), color: "red" };
  const verdict = (
    <span className={classes.verdict} style={{ "--dot": `var(--mantine-color-${color}-6)` } as CSSProperties}>
      {label}
    </span>
  );
  if (!explained) return verdict;
  return (
    <Tooltip label={explained} withArrow>
      {verdict}
    </Tooltip>
  );
}
