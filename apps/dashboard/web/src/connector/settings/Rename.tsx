import { type Connector, renameConnector } from "../../api.ts";
import { NameForm } from "../../ui/NameForm.tsx";
import { Panel } from "../../ui/Panel.tsx";

export function Rename({ org, connector: { slug, name } }: { org: string; connector: Connector }) {
  return (
    <Panel title="Name" lead="As members and their apps see it.">
      <NameForm
        name={name}
        label="Name of the connector"
        save={(name) => renameConnector(org, slug, name)}
        changes={["connectors", org]}
      />
    </Panel>
  );
}
