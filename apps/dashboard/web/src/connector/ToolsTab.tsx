import { AsSuggested } from "./AsSuggested.tsx";
import { useConnector } from "./ConnectorPage.tsx";
import { ToolList } from "./ToolList.tsx";

export function ToolsTab() {
  const { org, connector } = useConnector();
  return (
    <>
      {org.mayChange && <AsSuggested org={org.slug} slug={connector.slug} />}
      <ToolList org={org.slug} connector={connector} mayChange={org.mayChange} />
    </>
  );
}
