import { Text, Tooltip } from "@mantine/core";
import type { CSSProperties } from "react";
import classes from "./audit.module.css";
import type { AuditEvent } from "./events.ts";

export function EventTable({ events }: { events: AuditEvent[] }) {
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">What</th>
          <th scope="col">Connector</th>
          <th scope="col">Who</th>
          <th scope="col">Outcome</th>
          <th scope="col" className={classes.number}>
            Duration
          </th>
        </tr>
      </thead>
      <tbody>
        {events.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </tbody>
    </table>
  );
}

function EventRow({ event: { at, action, isTool, connector, user, outcome, durationMs } }: { event: AuditEvent }) {
  return (
    <tr>
      <td className={classes.time}>
        <time dateTime={at.toISOString()} title={at.toLocaleString()}>
          {shortTime(at)}
        </time>
      </td>
      <td className={classes.what}>
        {isTool ? (
          <code>{action}</code>
        ) : (
          <Text size="sm" c="dimmed" span>
            {action}
          </Text>
        )}
      </td>
      <td className={classes.connector} title={connector ?? undefined}>
        {connector ?? "–"}
      </td>
      <td className={classes.who} title={user ?? undefined}>
        {user ?? "–"}
      </td>
      <td className={classes.outcome}>
        <Outcome outcome={outcome} />
      </td>
      <td className={`${classes.number} ${classes.duration}`}>
        {durationMs === undefined ? "–" : duration(durationMs)}
      </td>
    </tr>
  );
}

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

function Outcome({ outcome }: { outcome: string }) {
  const { label, color, explained } = OUTCOMES[outcome] ?? { label: outcome.replaceAll("_", " "), color: "red" };
  return (
    <Tooltip label={explained} disabled={!explained} withArrow>
      <span className={classes.verdict} style={{ "--dot": `var(--mantine-color-${color}-6)` } as CSSProperties}>
        {label}
      </span>
    </Tooltip>
  );
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

function shortTime(at: Date): string {
  const today = at.toDateString() === new Date().toDateString();
  return (today ? TIME : DAY_AND_TIME).format(at);
}

function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
