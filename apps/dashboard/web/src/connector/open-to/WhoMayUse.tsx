import { Button, Group, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Connector, type OpenTo, openConnector } from "../../api.ts";
import { Panel } from "../../ui/Panel.tsx";
import { Failure } from "../../ui/states.tsx";
import { OpenToField } from "./OpenToField.tsx";

export function WhoMayUse({ org, connector }: { org: string; connector: Connector }) {
  const { slug, openTo } = connector;
  const [wanted, setWanted] = useState<OpenTo>(openTo);
  const queryClient = useQueryClient();
  const open = useMutation({
    mutationFn: () => openConnector(org, slug, wanted),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
  const isChanged = JSON.stringify(wanted) !== JSON.stringify(openTo);
  return (
    <Panel title="Who may use it" lead="For everybody else it does not exist.">
      <Stack gap="md">
        {open.error && <Failure error={open.error} />}
        <OpenToField org={org} value={wanted} everyone="All members" onChange={setWanted} />
        {isChanged && (
          <Group>
            <Button size="sm" loading={open.isPending} onClick={() => open.mutate()}>
              Save
            </Button>
            <Button size="sm" variant="default" onClick={() => setWanted(openTo)}>
              Cancel
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
