import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ConnectorSummary } from "../api/connectors/connectors.ts";
import { Copyable } from "../ui/copy.tsx";
import { ApiBadge, EraBadge } from "../ui/EraBadge.tsx";
import classes from "./connectors.module.css";
import { Health } from "./Health.tsx";

export function ConnectorRow({ org, connector }: { org: string; connector: ConnectorSummary }) {
  const { slug, name, upstream, era, protocolVersion, transport, seen, address } = connector;
  return (
    <li className={classes.row}>
      <div className={classes.identity}>
        <Link to="/$org/connectors/$slug" params={{ org, slug }} className={classes.name}>
          {name}
        </Link>
        <Text size="sm" c="dimmed" truncate>
          {upstream}
        </Text>
      </div>
      <div className={classes.facts}>
        <div className={classes.badges}>
          <Health connector={connector} />
          {transport === "openapi" ? <ApiBadge /> : <EraBadge era={era} version={protocolVersion} seen={seen} />}
        </div>
        <Text size="sm" c="dimmed" component="div">
          {factsOf(connector).join(" · ")}
        </Text>
        <Use connector={connector} />
      </div>
      <Copyable text={address} label={`the address of ${name}`} />
    </li>
  );
}

/** For those who may see it: how much it was called in a day, and how much of that went wrong. */
function Use({ connector: { used } }: { connector: ConnectorSummary }) {
  if (!used) return null;
  const { calls, errors } = used;
  if (calls === 0) {
    return (
      <Text size="sm" c="dimmed">
        No calls in 24 h
      </Text>
    );
  }
  return (
    <Text size="sm" c="dimmed">
      {counted(calls, "call")} in 24 h
      {errors > 0 && (
        <>
          ,{" "}
          <Text span c="var(--mantine-color-error)">
            {counted(errors, "error")}
          </Text>
        </>
      )}
    </Text>
  );
}

function factsOf({ tools, linked }: ConnectorSummary): string[] {
  return [toolCount(tools), ...(linked === null ? [] : [linked === 1 ? "1 person linked" : `${linked} people linked`])];
}

function toolCount({ offered, total }: ConnectorSummary["tools"]): string {
  if (total === 0) return "no tools";
  if (offered === total) return counted(total, "tool");
  return `${offered} of ${total} tools offered`;
}

const counted = (count: number, noun: string) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
