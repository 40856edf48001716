import { Button } from "@mantine/core";
import { IconSpeakerphone } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
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
      {org.mayChange && (
        <Button
          component={Link}
          to={`/${org.slug}/connectors/${connector.slug}/announce`}
          variant="default"
          w="fit-content"
          leftSection={<IconSpeakerphone size={16} aria-hidden />}
        >
          Announce by mail
        </Button>
      )}
      {transport !== "openapi" && <Upstream org={org.slug} connector={connector} mayChange={org.mayChange} />}
      {transport === "openapi" && org.mayChange && <ApiDescription org={org.slug} connector={connector} />}
    </>
  );
}
