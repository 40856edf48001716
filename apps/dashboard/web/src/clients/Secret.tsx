import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { Copyable } from "../ui/copy.tsx";

/** Shown this once: what is stored opens nothing. */
export function Secret({ id, secret, onClose }: { id: string; secret: string; onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      title="Keep this secret now"
      centered
      lockScroll={false}
      closeButtonProps={{ "aria-label": "Close" }}
      closeOnClickOutside={false}
    >
      <Stack>
        <Text size="sm">It is shown this once. If it gets lost, make a new one.</Text>
        <div>
          <Text size="sm" fw={500}>
            Client ID
          </Text>
          <Copyable text={id} label="the client ID" />
        </div>
        <div>
          <Text size="sm" fw={500}>
            Client secret
          </Text>
          <Copyable text={secret} label="the client secret" />
        </div>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
