import { Group, Text } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Outlet, useParams } from "@tanstack/react-router";
import { type Connector, readConnector } from "../api/connectors/connectors.ts";
import { ApiProblem } from "../api/problem.ts";
import { useOrg } from "../session.ts";
import { ApiBadge, EraBadge } from "../ui/EraBadge.tsx";
import { OutageNotice } from "../ui/Outage.tsx";
import { Page } from "../ui/Page.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { ConnectorTabs } from "./ConnectorTabs.tsx";

export const connectorQuery = (org: string, slug: string) =>
  queryOptions({ queryKey: ["connectors", org, slug], queryFn: () => readConnector(org, slug) });

/** What all tabs of a connector have in common. */
export function ConnectorPage() {
  const org = useOrg()!;
  const { slug } = useParams({ from: "/signed-in/$org/connectors/$slug" });
  const { data: connector, error, refetch } = useQuery(connectorQuery(org.slug, slug));
  if (error instanceof ApiProblem && error.status === 404) return <NotFound />;
  return (
    <Page
      title={connector?.name ?? slug}
      lead={connector && <Facts connector={connector} />}
      back={{ label: "Connectors", href: `/${org.slug}/connectors` }}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !connector && <Loading />}
      {connector && (
        <>
          <ConnectorTabs org={org} connector={connector} />
          {connector.outage && <OutageNotice name={connector.name} outage={connector.outage} />}
          <Outlet />
        </>
      )}
    </Page>
  );
}

/** The one that the address names, within its page: it is there. */
export function useConnector(): { org: NonNullable<ReturnType<typeof useOrg>>; connector: Connector } {
  const org = useOrg()!;
  const { slug } = useParams({ from: "/signed-in/$org/connectors/$slug" });
  return { org, connector: useQuery(connectorQuery(org.slug, slug)).data! };
}

function Facts({ connector }: { connector: Connector }) {
  const { serverName, url, upstream, era, protocolVersion, transport, seen } = connector;
  return (
    <Group gap="4px 12px">
      {transport === "openapi" ? <ApiBadge /> : <EraBadge era={era} version={protocolVersion} seen={seen} />}
      {serverName && (
        <Text size="sm" span>
          {serverName}
        </Text>
      )}
      <Text size="sm" span style={{ overflowWrap: "anywhere" }}>
        {url ?? upstream}
      </Text>
    </Group>
  );
}
