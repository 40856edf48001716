import { renameOrg } from "../api/org/org.ts";
import { NameForm } from "../ui/NameForm.tsx";
import { Panel } from "../ui/Panel.tsx";

export function OrgName({ org: { slug, name } }: { org: { slug: string; name: string } }) {
  return (
    <Panel title="Name" lead={`As people see it. In addresses it stays ${slug}.`}>
      <NameForm
        name={name}
        label="Name of the organisation"
        save={(name, shown) => renameOrg(slug, name, shown)}
        changes={["session"]}
      />
    </Panel>
  );
}
