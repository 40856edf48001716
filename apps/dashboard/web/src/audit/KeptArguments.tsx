import { Button, Code, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { openArguments } from "../api/audit/audit.ts";
import { Failure } from "../ui/states.tsx";

interface KeptArgumentsProps {
  org: string;
  /** The row that has them. */
  id: string;
  kept: unknown;
}

/** As much of a call's arguments as the organisation keeps. */
export function KeptArguments({ org, id, kept }: KeptArgumentsProps) {
  const { sha256, redacted, sealed } = kept as { sha256?: string; redacted?: unknown; sealed?: string };
  if (redacted !== undefined) return <Json value={redacted} />;
  return (
    <Stack gap="xs" align="flex-start">
      {sealed ? <Sealed org={org} id={id} /> : <Text size="sm">Not kept, but for their fingerprint</Text>}
      {sha256 && (
        <Text size="sm" c="dimmed">
          Fingerprint <code>{sha256}</code>: the same for the same arguments
        </Text>
      )}
    </Stack>
  );
}

function Sealed({ org, id }: { org: string; id: string }) {
  const { data, error, isPending, mutate } = useMutation({ mutationFn: () => openArguments(org, id) });
  if (data !== undefined) return <Json value={data} />;
  return (
    <>
      {error && <Failure error={error} />}
      <Button size="compact-sm" variant="default" loading={isPending} onClick={() => mutate()}>
        Open what is sealed
      </Button>
      <Text size="sm" c="dimmed">
        That you have seen them will be in the log.
      </Text>
    </>
  );
}

function Json({ value }: { value: unknown }) {
  return (
    <Code block tabIndex={0} aria-label="Arguments" w="100%">
      {JSON.stringify(value, null, 2)}
    </Code>
  );
}
