import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { ApiDescription } from "./ApiDescription.tsx";
import { useConnector } from "./ConnectorPage.tsx";
import { OwnLink } from "./linked/OwnLink.tsx";
import { Upstream } from "./Upstream.tsx";

/** How to connect, and what is behind it. */
export function Overview() {
  const { org, connector } = useConnector();
  const { ownLink, transport } = connector;
  return (
    <>
      {ownLink && <OwnLink connector={connector} ownLink={ownLink} mayChange={org.mayChange} />}
      <ConnectPanel endpoints={[connector]} />
      {transport !== "openapi" && <Upstream org={org.slug} connector={connector} mayChange={org.mayChange} />}
      {transport === "openapi" && org.mayChange && <ApiDescription org={org.slug} connector={connector} />}
    </>
  );
}
