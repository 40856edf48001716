import { Button, Group, Text } from "@mantine/core";
import type { Connector } from "../api/connectors/connectors.ts";
import { Failure } from "../ui/states.tsx";
import { useClassified } from "./use-tool-decision.ts";

/** What the server says of its own tools decides nothing until an owner says so. */
export function AsSuggested({ org, connector }: { org: string; connector: Connector }) {
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
