import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import classes from "./destroy.module.css";
import { Failure } from "./states.tsx";

interface DestroyProps {
  /** The button's, such as “Delete Acme”. */
  label: string;
  /** What has to be typed. */
  confirm: string;
  /** What is destroyed by it, and what stays. */
  children: ReactNode;
  pending: boolean;
  error: Error | null;
  onDestroy: (confirm: string) => void;
}

/** However long the name of what is lost is. */
const NAMING = { root: classes.button!, label: classes.label! };

/** For what cannot be undone: it names what is lost, and wants a name typed. */
export function Destroy({ label, confirm, children, pending, error, onDestroy }: DestroyProps) {
  const [isAsking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const close = () => {
    setAsking(false);
    setTyped("");
  };
  return (
    <>
      <Button
        variant="default"
        classNames={NAMING}
        c="light-dark(var(--mantine-color-red-9), var(--mantine-color-red-4))"
        onClick={() => setAsking(true)}
      >
        {label}…
      </Button>
      <Modal
        opened={isAsking}
        onClose={close}
        title={label}
        centered
        lockScroll={false}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (typed === confirm) onDestroy(typed);
          }}
        >
          <Stack gap="md">
            <Text size="sm" component="div">
              {children}
            </Text>
            {error && <Failure error={error} />}
            <TextInput
              label={`Type “${confirm}” to confirm`}
              value={typed}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" color="red.9" classNames={NAMING} loading={pending} disabled={typed !== confirm}>
                {label}
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
