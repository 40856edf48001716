import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Connector } from "../api.ts";
import { connectorQuery } from "../connector/ConnectorPage.tsx";
import { ToolList } from "../connector/ToolList.tsx";
import { useClassified } from "../connector/use-tool-decision.ts";
import { Failure, Loading } from "../ui/states.tsx";
import type { StepProps } from "./StepPage.tsx";

export function ToolsStep({ org, slug }: StepProps) {
  const { data: connector, error, refetch } = useQuery(connectorQuery(org.slug, slug));
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  if (!connector) return <Loading />;
  return (
    <>
      <AsSuggested org={org.slug} connector={connector} />
      <ToolList org={org.slug} connector={connector} mayChange />
    </>
  );
}

/** What the server says of its own tools decides nothing until an owner says so. */
function AsSuggested({ org, connector }: { org: string; connector: Connector }) {
  const classify = useClassified(org, connector.slug);
  const open = connector.tools.filter(({ classification }) => classification === null);
  if (open.length === 0) return null;
  const reads = open.filter(({ annotations }) => annotations.readOnlyHint === true);
  return (
    <>
      {classify.error && <Failure error={classify.error} />}
      <Group gap="sm">
        <Button variant="default" loading={classify.isPending} onClick={() => classify.mutate(open)}>
          Classify as the server suggests
        </Button>
        <Text size="sm" c="dimmed">
          {reads.length === 1 ? "1 read" : `${reads.length} reads`}; all else counts as a write. Do so where you trust
          who runs it.
        </Text>
      </Group>
    </>
  );
}
