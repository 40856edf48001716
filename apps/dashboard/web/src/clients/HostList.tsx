import { Button, Group, Pill, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { putOnClientList, takeOffClientList } from "../api/clients/clients.ts";
import { Failure } from "../ui/states.tsx";
import { useChange } from "./use-clients.ts";
import { useDisconnecting } from "./use-disconnecting.tsx";

/** The hosts that stand for all the apps that they publish, or that send their users back to them. */
export function HostList({ org, hosts }: { org: string; hosts: string[] }) {
  const [entry, setEntry] = useState("");
  const add = useChange(org, () => putOnClientList(org, entry));
  const remove = useDisconnecting(org, (change: { host: string; confirmed?: boolean }, shown) =>
    takeOffClientList(org, shown, change),
  );

  function submit(event: FormEvent): void {
    event.preventDefault();
    add.mutate(undefined, { onSuccess: () => setEntry("") });
  }

  return (
    <Stack gap="sm" component="form" onSubmit={submit}>
      {remove.error && <Failure error={remove.error} />}
      <Group align="flex-end" gap="sm">
        <TextInput
          flex="1 1 16rem"
          maw={420}
          label="Put on the list"
          description="A host, such as claude.ai, or the URL of a client's metadata document; localhost for apps on members' own computers"
          placeholder="claude.ai"
          autoComplete="off"
          spellCheck={false}
          value={entry}
          error={add.error?.message}
          onChange={(event) => setEntry(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={add.isPending} disabled={entry.trim() === ""}>
          Add
        </Button>
      </Group>
      {hosts.length === 0 ? (
        <Text size="sm" c="dimmed">
          No host is on the list: members can connect only the apps that you have allowed below.
        </Text>
      ) : (
        <Group gap="xs" role="list" aria-label="Hosts on the list">
          {hosts.map((host) => (
            <Pill
              key={host}
              role="listitem"
              size="md"
              withRemoveButton
              removeButtonProps={{ "aria-label": `Take ${host} off the list`, "aria-hidden": false, tabIndex: 0 }}
              onRemove={() => remove.submit({ host })}
            >
              {host}
            </Pill>
          ))}
        </Group>
      )}
      {remove.confirmation}
    </Stack>
  );
}
