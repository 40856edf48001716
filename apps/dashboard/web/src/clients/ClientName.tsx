import { Badge, Group, Text } from "@mantine/core";
import type { KnownClient } from "../api.ts";

/** Who a client says it is, and what vouches for that. */
export function ClientName({ client }: { client: KnownClient }) {
  const { name, standing, decision } = client;
  return (
    <>
      <Group gap="xs">
        <Text fw={600} span>
          {name}
        </Text>
        {standing === "blocked" && <Badge color="red">blocked</Badge>}
        {standing === "not_allowed" && <Badge color="gray">not allowed</Badge>}
        {standing === "allowed" && decision === "allowed" && <Badge color="teal">allowed</Badge>}
      </Group>
      <Text size="sm" c="dimmed">
        {provenance(client)}
      </Text>
    </>
  );
}

function provenance({ registration, host }: KnownClient): string {
  if (registration === "document") return `published by ${host}`;
  if (registration === "manual") return "registered by hand";
  return `registered itself, so the name is its own word; ${destination(host)}`;
}

function destination(host: string | null): string {
  if (host === null) return "sends people to several places, or to an app";
  return host === "localhost" ? "runs on members' own computers" : `sends people to ${host}`;
}
