import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { Copyable } from "../ui/copy.tsx";

/** The only time that anybody sees it. */
export function MintedToken({ token, onDone }: { token: string; onDone: () => void }) {
  return (
    <Alert role="status" color="teal" icon={<IconKey aria-hidden />} title="Copy the token now">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          It is not shown again: only its digest is stored. If it is lost, end it and make another. Send it as{" "}
          <code>Authorization: Bearer …</code>
        </Text>
        <div style={{ alignSelf: "stretch" }}>
          <Copyable text={token} label="the token" />
        </div>
        <Button onClick={onDone}>Done</Button>
      </Stack>
    </Alert>
  );
}
