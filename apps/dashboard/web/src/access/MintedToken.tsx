import { Button, Stack, Text, Title } from "@mantine/core";
import { Copyable } from "../ui/copy.tsx";

/** The only time that anybody sees it. */
export function MintedToken({ token, onDone }: { token: string; onDone: () => void }) {
  return (
    <Stack gap="sm" role="status">
      <Title order={3} size="h5">
        Copy the token now
      </Title>
      <Text size="sm">
        It is not shown again, for only its digest is stored. If it is lost, end it and make another. Clients send it as{" "}
        <code>Authorization: Bearer …</code>
      </Text>
      <Copyable text={token} label="the token" />
      <Button onClick={onDone} w="fit-content">
        Done
      </Button>
    </Stack>
  );
}
