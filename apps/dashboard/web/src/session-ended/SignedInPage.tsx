import { Center, Stack, Text, Title } from "@mantine/core";
import { useEffect } from "react";
import { SIGNED_IN } from "./signed-in.ts";

/** Tells the page that waits, and is closed where the browser lets it. */
export function SignedInPage() {
  useEffect(() => {
    const channel = new BroadcastChannel(SIGNED_IN);
    channel.postMessage(null);
    channel.close();
    window.close();
  }, []);
  return (
    <Center mih="60vh" component="main">
      <Stack align="center" gap="xs" px="md" ta="center">
        <Title order={1}>You are signed in</Title>
        <Text c="dimmed">Close this window, and go on where you were.</Text>
      </Stack>
    </Center>
  );
}
