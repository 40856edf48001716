import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type Connector, deleteConnector } from "../../api/connectors/connectors.ts";
import { Destroy } from "../../ui/Destroy.tsx";
import { Panel } from "../../ui/Panel.tsx";

export function DeleteConnector({ org, connector }: { org: string; connector: Connector }) {
  const { slug, name, tools, linked } = connector;
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: (confirm: string) => deleteConnector(org, connector, confirm),
    async onSuccess() {
      queryClient.removeQueries({ queryKey: ["connectors", org, slug] });
      await navigate({ to: "/$org/connectors", params: { org } });
      await queryClient.invalidateQueries({ queryKey: ["connectors", org] });
    },
  });
  return (
    <Panel title="Delete" lead="For good. The audit log keeps what was done with it.">
      <Destroy
        label={`Delete ${name}`}
        confirm={slug}
        pending={remove.isPending}
        error={remove.error}
        onDestroy={remove.mutate}
      >
        Within a second nobody can call it any more, and every app that is connected to it is disconnected. Its{" "}
        {tools.total === 1 ? "tool" : `${tools.total} tools`} with all edits{linked ? ", " : " and "}
        its credential
        {linked ? ` and ${linked === 1 ? "one member's linked account" : `${linked} members' linked accounts`}` : ""}{" "}
        are deleted. Its address is never given to another connector.
      </Destroy>
    </Panel>
  );
}
