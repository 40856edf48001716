import { Stack, Text } from "@mantine/core";
import { LimitsPanel } from "../../limits/LimitsPanel.tsx";
import { Copyable } from "../../ui/copy.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { NotFound } from "../../ui/states.tsx";
import { useConnector } from "../ConnectorPage.tsx";
import { WhoMayUse } from "../open-to/WhoMayUse.tsx";
import { DeleteConnector } from "./DeleteConnector.tsx";
import { Rename } from "./Rename.tsx";

export function SettingsTab() {
  const { org, connector } = useConnector();
  if (!org.mayChange) return <NotFound />;
  return (
    <>
      <Rename org={org.slug} connector={connector} />
      <Panel title="Address">
        <Stack gap="xs">
          <Copyable text={connector.address} label={`the address of ${connector.name}`} />
          <Text size="sm" c="dimmed">
            It stays as it is, for members have it in their apps. Where calls go to from there is set under Credential.
          </Text>
        </Stack>
      </Panel>
      <WhoMayUse org={org.slug} connector={connector} />
      <LimitsPanel org={org.slug} subject={{ subject: "connector", subjectId: connector.id }} what="this connector" />
      <DeleteConnector org={org.slug} connector={connector} />
    </>
  );
}
