import { Button, Group, Stack, Text } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Connector } from "../api/connectors/connectors.ts";
import { Panel } from "../ui/Panel.tsx";
import { ClientEras } from "./ClientEras.tsx";

/** Where an API's tools come from. */
export function ApiDescription({ org, connector }: { org: string; connector: Connector }) {
  const { slug, serverName, descriptionUrl } = connector;
  return (
    <Panel title="Description">
      <Stack gap="lg">
        <Group justify="space-between" gap="sm">
          <Stack gap={2} flex="1 1 16rem" miw={0}>
            <Text size="sm">{serverName}</Text>
            <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {descriptionUrl ?? "Uploaded, or pasted"}
            </Text>
          </Stack>
          <Button
            component={Link}
            to={`/${org}/connectors/${slug}/import`}
            variant="default"
            size="sm"
            leftSection={<IconFileImport size={16} aria-hidden />}
          >
            Import anew
          </Button>
        </Group>
        <ClientEras org={org} connector={connector} />
      </Stack>
    </Panel>
  );
}
