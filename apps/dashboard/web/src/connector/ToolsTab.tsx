import { useConnector } from "./ConnectorPage.tsx";
import { ToolList } from "./ToolList.tsx";

export function ToolsTab() {
  const { org, connector } = useConnector();
  return <ToolList org={org.slug} connector={connector} mayChange={org.mayChange} />;
}
