import { Badge, Group, Text } from "@mantine/core";
import type { KnownClient } from "../api/clients/clients.ts";

/** Who a client says it is, and what vouches for that. */
export function ClientName({ client }: { client: KnownClient }) {
  const { name, standing } = client;
  const verdict = verdictOn(client);
  return (
    <>
      <Group gap="xs">
        <Text fw={600} span>
          {name}
        </Text>
        {verdict && (
          <Badge variant={standing === "blocked" ? "filled" : "default"} color="red" size="sm">
            {verdict}
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {provenance(client)}
      </Text>
    </>
  );
}

/** Where everything is allowed, only what somebody has decided about is worth a word. */
function verdictOn({ standing, decision }: KnownClient): string | null {
  if (standing === "blocked") return "blocked";
  if (standing === "not_allowed") return "not allowed";
  return decision === "allowed" ? "allowed" : null;
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
