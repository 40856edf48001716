import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";

export function SignedOutPage() {
  useDocumentTitle("Signed out · Gatehouse");
  return (
    <Center mih="100vh" component="main">
      <Stack align="center" gap="xs" ta="center" px="md">
        <Title order={1}>You are signed out</Title>
        <Text c="dimmed" maw={380}>
          Clients that you have connected, such as Claude, stay connected.
        </Text>
        <Button component="a" href="/dashboard/login" mt="sm">
          Sign in
        </Button>
      </Stack>
    </Center>
  );
}
