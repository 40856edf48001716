import { Text, Tooltip } from "@mantine/core";
import type { ConnectorSummary } from "../api/connectors/connectors.ts";
import { Ago } from "../ui/Ago.tsx";
import { OutageBadge } from "../ui/Outage.tsx";
import classes from "./connectors.module.css";

/** From this share of errors on, something is wrong with it. */
const MANY_ERRORS = 0.2;

/** What is known of whether it works; nothing of an API that nobody has called. */
export function Health({ connector: { outage, seen, transport, used, probedAt } }: { connector: ConnectorSummary }) {
  if (outage) return <OutageBadge outage={outage} />;
  if (!seen) return null;
  if (used && used.calls > 0 && used.errors / used.calls >= MANY_ERRORS)
    return <Dot color="orange" label="Many errors" />;
  if (transport === "openapi") return used && used.calls > 0 ? <Dot color="teal" label="Answers" /> : null;
  return (
    <Tooltip
      withArrow
      label={
        <>
          Looked at <Ago at={probedAt} />
        </>
      }
    >
      <span>
        <Dot color="teal" label="Answers" />
      </span>
    </Tooltip>
  );
}

function Dot({ color, label }: { color: string; label: string }) {
  return (
    <Text span size="sm" className={classes.health}>
      <span className={classes.dot} style={{ background: `var(--mantine-color-${color}-6)` }} aria-hidden />
      {label}
    </Text>
  );
}
