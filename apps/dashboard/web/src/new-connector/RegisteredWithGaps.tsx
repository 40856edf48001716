import { Alert, Button, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

/** The connector is there, but some of its tools are not: say so before going on. */
export function RegisteredWithGaps({ tools, leftOut, onGoOn }: RegisteredWithGapsProps) {
  return (
    <Alert
      role="status"
      color="yellow"
      icon={<IconAlertTriangle aria-hidden />}
      title={`Registered with ${tools} tools, without ${leftOut.length}`}
    >
      <Stack align="flex-start" gap="sm">
        <Text size="sm">
          These are left out, because clients would refuse them: their names or schemas are not valid, or appear twice.
        </Text>
        <List size="sm">
          {leftOut.slice(0, 20).map((name, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names may come twice, and the list never changes
            <List.Item key={at}>
              <code>{name}</code>
            </List.Item>
          ))}
        </List>
        <Button variant="default" onClick={onGoOn}>
          Go on
        </Button>
      </Stack>
    </Alert>
  );
}

interface RegisteredWithGapsProps {
  tools: number;
  leftOut: string[];
  onGoOn: () => void;
}
