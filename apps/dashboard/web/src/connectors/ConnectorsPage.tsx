import { Button } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { listConnectors } from "../api.ts";
import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { ConnectorRow } from "./ConnectorRow.tsx";
import classes from "./connectors.module.css";

export const connectorsQuery = (org: string) =>
  queryOptions({ queryKey: ["connectors", org], queryFn: () => listConnectors(org) });

export function ConnectorsPage() {
  const org = useOrg()!;
  const { data: connectors, error, refetch } = useQuery(connectorsQuery(org.slug));
  return (
    <Page
      title="Connectors"
      lead="The MCP servers that your organisation lets its members use, each at an address of its own."
      actions={org.mayChange && connectors?.length ? <RegisterButton org={org.slug} /> : null}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !connectors && <Loading />}
      {connectors?.length === 0 && <NoConnectors org={org} />}
      {connectors && connectors.length > 0 && (
        <>
          <ul className={`${panel.panel} ${classes.list}`}>
            {connectors.map((connector) => (
              <ConnectorRow key={connector.slug} org={org.slug} connector={connector} />
            ))}
          </ul>
          <ConnectPanel endpoints={connectors} />
        </>
      )}
    </Page>
  );
}

function NoConnectors({ org }: { org: { slug: string; mayChange: boolean } }) {
  return (
    <div className={panel.panel}>
      <Empty
        icon={<IconPlugConnected size={34} stroke={1.4} />}
        title="No connectors yet"
        action={org.mayChange && <RegisterButton org={org.slug} />}
      >
        {org.mayChange
          ? "Register a remote MCP server by its URL, or an API by its OpenAPI description. Members then reach its tools through Gatehouse, signed in as themselves."
          : "When an owner or admin registers an MCP server, it appears here with the address to connect to."}
      </Empty>
    </div>
  );
}

function RegisterButton({ org }: { org: string }) {
  return (
    <Button component={Link} to={`/${org}/connectors/new`} leftSection={<IconPlus size={16} aria-hidden />}>
      Register connector
    </Button>
  );
}
