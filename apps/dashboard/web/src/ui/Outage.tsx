import { Alert, Badge, Tooltip } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { Connector } from "../api/connectors/connectors.ts";
import { Ago } from "./Ago.tsx";

type Outage = NonNullable<Connector["outage"]>;

export function OutageBadge({ outage }: { outage: Outage }) {
  return (
    <Tooltip label={outage.reason} withArrow multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
      <Badge color="red" variant="light" size="sm" tabIndex={0}>
        Does not answer
      </Badge>
    </Tooltip>
  );
}

export function OutageNotice({ name, outage }: { name: string; outage: Outage }) {
  return (
    <Alert color="red" icon={<IconPlugConnectedX aria-hidden />} title={`${name} does not answer`} role="status">
      {outage.reason}. First seen <Ago at={outage.since} />. Calls fail at once until it does; Gatehouse tries it again
      every few seconds.
    </Alert>
  );
}
