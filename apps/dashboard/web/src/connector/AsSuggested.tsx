import { Button, Group, Text } from "@mantine/core";
import { Failure } from "../ui/states.tsx";
import { useIsChanging, useSuggested, useUnclassified } from "./use-tools.ts";

/** What the server says of its own tools decides nothing until an owner says so. */
export function AsSuggested({ org, slug }: { org: string; slug: string }) {
  const { data: unclassified } = useUnclassified(org, slug);
  const { error, classify } = useSuggested(org, slug);
  const isChanging = useIsChanging(org, slug);
  if (!unclassified?.matching.total) return null;
  const { etag, matching } = unclassified;
  const reads = matching.suggestedReads;
  return (
    <>
      {error && <Failure error={error} />}
      <Group gap="sm">
        <Button variant="default" loading={isChanging} onClick={() => classify(etag)}>
          Classify as the server suggests
        </Button>
        <Text size="sm" c="dimmed">
          {reads === 1 ? "1 read" : `${reads} reads`}; all else counts as a write. Do so where you trust who runs it.
        </Text>
      </Group>
    </>
  );
}
