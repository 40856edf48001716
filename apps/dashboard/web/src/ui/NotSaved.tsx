import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconUsers } from "@tabler/icons-react";
import { ApiProblem } from "../api/problem.ts";
import { Failure } from "./states.tsx";

interface NotSavedProps {
  error: Error;
  pending: boolean;
  /** Gives up one's own, and shows what there is now. */
  onTheirs: () => void;
  /** Saves all the same. */
  onMine: () => void;
}

/** Where somebody else was faster, whose change is to stay is for people to say. */
export function NotSaved({ error, pending, onTheirs, onMine }: NotSavedProps) {
  if (!(error instanceof ApiProblem && error.status === 412)) return <Failure error={error} />;
  const { changedBy } = error.data;
  return (
    <Alert
      role="alert"
      color="yellow"
      variant="light"
      icon={<IconUsers aria-hidden />}
      title={`${typeof changedBy === "string" ? changedBy : "Somebody else"} has changed this meanwhile`}
    >
      <Stack align="flex-start" gap="sm">
        <Text size="sm">Nothing of yours is saved yet, and it is still here. What is to stay?</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onTheirs}>
            See theirs
          </Button>
          <Button size="xs" variant="default" loading={pending} onClick={onMine}>
            Save mine
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
