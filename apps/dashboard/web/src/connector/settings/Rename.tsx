import { type Connector, renameConnector } from "../../api/connectors/connectors.ts";
import { NameForm } from "../../ui/NameForm.tsx";
import { Panel } from "../../ui/Panel.tsx";

export function Rename({ org, connector: { slug, name } }: { org: string; connector: Connector }) {
  return (
    <Panel title="Name" lead="As members and their apps see it.">
      <NameForm
        name={name}
        label="Name of the connector"
        save={(name, shown) => renameConnector(org, slug, name, shown)}
        changes={["connectors", org]}
      />
    </Panel>
  );
}
