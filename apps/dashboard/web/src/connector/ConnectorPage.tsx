import { Button, Group, Text } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ApiProblem, type Connector, readConnector } from "../api.ts";
import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { LimitsPanel } from "../limits/LimitsPanel.tsx";
import { useOrg } from "../session.ts";
import { ApiBadge, EraBadge } from "../ui/EraBadge.tsx";
import { OutageNotice } from "../ui/Outage.tsx";
import { Page } from "../ui/Page.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { ApiDescription } from "./ApiDescription.tsx";
import { Opening } from "./credential/Opening.tsx";
import { isMembers } from "./credential/ways.ts";
import { LinkedPeople } from "./linked/LinkedPeople.tsx";
import { OwnLink } from "./linked/OwnLink.tsx";
import { WhoMayUse } from "./open-to/WhoMayUse.tsx";
import { ToolList } from "./ToolList.tsx";
import { Upstream } from "./Upstream.tsx";

export const connectorQuery = (org: string, slug: string) =>
  queryOptions({ queryKey: ["connectors", org, slug], queryFn: () => readConnector(org, slug) });

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
      actions={
        org.mayChange && (
          <Button
            component={Link}
            to={`/${org.slug}/connectors/${slug}/risk`}
            variant="default"
            leftSection={<IconShieldCheck size={16} aria-hidden />}
          >
            Risk report
          </Button>
        )
      }
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !connector && <Loading />}
      {connector && (
        <>
          {connector.outage && <OutageNotice name={connector.name} outage={connector.outage} />}
          <ConnectPanel endpoints={[connector]} />
          {connector.ownLink && <OwnLink connector={connector} ownLink={connector.ownLink} mayChange={org.mayChange} />}
          {connector.access && <Opening org={org.slug} connector={connector} />}
          {connector.access?.some(({ kind }) => isMembers(kind)) && (
            <LinkedPeople org={org.slug} connector={connector} />
          )}
          {connector.transport !== "openapi" && (
            <Upstream org={org.slug} connector={connector} mayChange={org.mayChange} />
          )}
          {connector.transport === "openapi" && org.mayChange && (
            <ApiDescription org={org.slug} connector={connector} />
          )}
          {org.mayChange && <WhoMayUse key={JSON.stringify(connector.openTo)} org={org.slug} connector={connector} />}
          {org.mayChange && (
            <LimitsPanel
              org={org.slug}
              subject={{ subject: "connector", subjectId: connector.id }}
              what="this connector"
            />
          )}
          <ToolList org={org.slug} connector={connector} mayChange={org.mayChange} />
        </>
      )}
    </Page>
  );
}

function Facts({ connector }: { connector: Connector }) {
  const { serverName, url, upstream, era, protocolVersion, transport, seen } = connector;
  return (
    <Group gap="6px 8px">
      {transport === "openapi" ? <ApiBadge /> : <EraBadge era={era} version={protocolVersion} seen={seen} />}
      {serverName && (
        <>
          <Text size="sm" span>
            {serverName}
          </Text>
          <Text size="sm" span aria-hidden>
            ·
          </Text>
        </>
      )}
      <Text size="sm" span style={{ overflowWrap: "anywhere" }}>
        {url ?? upstream}
      </Text>
    </Group>
  );
}
