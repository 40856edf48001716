import { Button, Group, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Connector, type OpenTo, openConnector } from "../../api/connectors/connectors.ts";
import { NotSaved } from "../../ui/NotSaved.tsx";
import { Panel } from "../../ui/Panel.tsx";
import { useEdit } from "../../ui/use-edit.ts";
import { OpenToField } from "./OpenToField.tsx";

const openToOf = ({ openTo }: Connector): OpenTo => openTo;

export function WhoMayUse({ org, connector }: { org: string; connector: Connector }) {
  const { slug } = connector;
  const { fields: wanted, setFields: setWanted, isChanged, base, reset } = useEdit(connector, openToOf);
  const queryClient = useQueryClient();
  const readAgain = () => queryClient.invalidateQueries({ queryKey: ["connectors", org] });
  const open = useMutation({
    mutationFn: (etag: string | null) => openConnector(org, slug, wanted, etag),
    onSuccess: readAgain,
  });

  async function seeTheirs(): Promise<void> {
    await readAgain();
    open.reset();
    reset();
  }

  return (
    <Panel title="Who may use it" lead="For everybody else it does not exist.">
      <Stack gap="md">
        {open.error && (
          <NotSaved error={open.error} pending={open.isPending} onTheirs={seeTheirs} onMine={() => open.mutate(null)} />
        )}
        <OpenToField org={org} value={wanted} everyone="All members" onChange={setWanted} />
        {isChanged && (
          <Group>
            <Button size="sm" loading={open.isPending} onClick={() => open.mutate(base.etag)}>
              Save
            </Button>
            <Button size="sm" variant="default" onClick={() => reset()}>
              Cancel
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
