import { Button, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import type { ConnectorSummary } from "../api.ts";
import { LoadMore } from "../audit/LoadMore.tsx";
import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { Checklist } from "../first-steps/Checklist.tsx";
import { useFirstSteps } from "../first-steps/use-first-steps.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { SearchInUrl } from "../ui/SearchInUrl.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { ConnectorRow } from "./ConnectorRow.tsx";
import classes from "./connectors.module.css";
import { connectorPagesQuery } from "./use-connectors.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;

export function ConnectorsPage() {
  const org = useOrg()!;
  const { q = "" } = useSearch({ from: "/signed-in/$org/connectors" });
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    connectorPagesQuery(org.slug, q),
  );
  const connectors = data?.pages.flatMap((page) => page.connectors);
  const isEmpty = connectors?.length === 0 && q === "";
  return (
    <Page
      title="Connectors"
      lead="The MCP servers that your organisation lets its members use, each at an address of its own."
      actions={org.mayChange && connectors && !isEmpty ? <RegisterButton org={org.slug} /> : null}
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !connectors && <Loading />}
      {isEmpty && (org.mayChange ? <Beginning org={org.slug} /> : <NoConnectors />)}
      {connectors && !isEmpty && (
        <>
          {(q !== "" || hasNextPage || connectors.length > FEW) && (
            <SearchInUrl label="Search connectors" placeholder="Search names, addresses and servers" q={q} />
          )}
          <ConnectorList org={org.slug} connectors={connectors} q={q} />
          {hasNextPage && <LoadMore loading={isFetchingNextPage} onLoad={() => fetchNextPage()} />}
          {connectors.length > 0 && !hasNextPage && <ConnectPanel endpoints={connectors} />}
        </>
      )}
    </Page>
  );
}

function ConnectorList({ org, connectors, q }: { org: string; connectors: ConnectorSummary[]; q: string }) {
  if (connectors.length === 0) {
    return (
      <Text size="sm" c="dimmed" role="status">
        No connector has “{q}” in its name, its address or its server's.
      </Text>
    );
  }
  return (
    <ul className={`${panel.panel} ${classes.list}`}>
      {connectors.map((connector) => (
        <ConnectorRow key={connector.slug} org={org} connector={connector} />
      ))}
    </ul>
  );
}

/** What there is to do where there is nothing yet. */
function Beginning({ org }: { org: string }) {
  const { data: progress, error, refetch } = useFirstSteps();
  if (error) return <Failure error={error} onRetry={() => refetch()} />;
  return progress ? <Checklist org={org} progress={progress} /> : <Loading />;
}

function NoConnectors() {
  return (
    <div className={panel.panel}>
      <Empty icon={<IconPlugConnected size={34} stroke={1.4} />} title="No connectors yet">
        When an owner or admin registers an MCP server, it appears here with the address to connect to.
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
