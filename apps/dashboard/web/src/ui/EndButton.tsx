import { Button, Group, Popover, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";

/** Asks first, for what it ends does not come back. */
export function EndButton({ label, name, question, pending, onEnd }: EndButtonProps) {
  const [asking, setAsking] = useState(false);
  return (
    <Popover opened={asking} onChange={setAsking} position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))"
          loading={pending}
          onClick={() => setAsking(!asking)}
          aria-label={`${label} ${name}`}
        >
          {label}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`${label} ${name}`}>
        <Stack gap="sm">
          <Text size="sm">{question}</Text>
          <Group gap="xs">
            <Button
              size="xs"
              color="red.9"
              onClick={() => {
                setAsking(false);
                onEnd();
              }}
            >
              {label}
            </Button>
            <Button size="xs" variant="default" data-autofocus onClick={() => setAsking(false)}>
              Keep
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

interface EndButtonProps {
  /** What it does, in one word. */
  label: string;
  /** What it does it to, for those who hear the button alone. */
  name: string;
  question: ReactNode;
  pending: boolean;
  onEnd: () => void;
}
