import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ConnectorSummary } from "../api.ts";
import { Copyable } from "../ui/copy.tsx";
import { ApiBadge, EraBadge } from "../ui/EraBadge.tsx";
import { OutageBadge } from "../ui/Outage.tsx";
import classes from "./connectors.module.css";

export function ConnectorRow({ org, connector }: { org: string; connector: ConnectorSummary }) {
  const { slug, name, upstream, era, protocolVersion, transport, seen, address, tools, outage } = connector;
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
        {outage && <OutageBadge outage={outage} />}
        {transport === "openapi" ? <ApiBadge /> : <EraBadge era={era} version={protocolVersion} seen={seen} />}
        <Text size="sm" c="dimmed" className={classes.count}>
          {toolCount(tools)}
        </Text>
      </div>
      <Copyable text={address} label={`the address of ${name}`} />
    </li>
  );
}

function toolCount({ offered, total }: ConnectorSummary["tools"]): string {
  if (total === 0) return "no tools";
  if (offered === total) return total === 1 ? "1 tool" : `${total} tools`;
  return `${offered} of ${total} tools offered`;
}
