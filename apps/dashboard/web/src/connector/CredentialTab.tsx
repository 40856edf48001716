import { NotFound } from "../ui/states.tsx";
import { useConnector } from "./ConnectorPage.tsx";
import { Opening } from "./credential/Opening.tsx";

export function CredentialTab() {
  const { org, connector } = useConnector();
  return connector.access ? <Opening org={org.slug} connector={connector} /> : <NotFound />;
}
