import { Alert, Anchor, Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";

export function Loading() {
  return (
    <Center mih={240} role="status" aria-label="Loading">
      <Loader size="sm" type="dots" color="gray" />
    </Center>
  );
}

export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title="This did not work"
      my="md"
    >
      <Stack align="flex-start" gap="sm">
        <Text size="sm">{error.message}</Text>
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** What stands where a list would, when there is nothing in it yet. */
export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <Stack align="center" ta="center" gap="xs" py={56} px="md">
      <Text c="dimmed" component="span" aria-hidden>
        {icon}
      </Text>
      <Title order={2}>{title}</Title>
      <Text size="sm" c="dimmed" maw={440}>
        {children}
      </Text>
      {action && <Group mt="sm">{action}</Group>}
    </Stack>
  );
}

interface EmptyProps {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

export function NotFound() {
  return (
    <Center mih="60vh">
      <Stack align="center" gap="xs" px="md" ta="center">
        <Title order={1}>There is nothing here</Title>
        <Text c="dimmed">
          The address may be mistyped, or what is there is for others: another organisation, or another role.
        </Text>
        <Anchor href="/dashboard">Go to the dashboard</Anchor>
      </Stack>
    </Center>
  );
}

/** Where there is no page around it. */
export function NotFoundAlone() {
  return (
    <main>
      <NotFound />
    </main>
  );
}
