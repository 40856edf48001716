import { Button } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import { ConnectPanel } from "../connect/ConnectPanel.tsx";
import { Checklist } from "../first-steps/Checklist.tsx";
import { useFirstSteps } from "../first-steps/use-first-steps.ts";
import { useOrg } from "../session.ts";
import { LongList } from "../ui/LongList.tsx";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { SearchInUrl } from "../ui/SearchInUrl.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { ConnectorRow } from "./ConnectorRow.tsx";
import classes from "./connectors.module.css";
import { useConnectors } from "./use-connectors.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;

export function ConnectorsPage() {
  const org = useOrg()!;
  const { q = "" } = useSearch({ from: "/signed-in/$org/connectors" });
  const pages = useConnectors(org.slug, q);
  const { items: connectors, error, hasNextPage } = pages;
  const isEmpty = connectors?.length === 0 && q === "";
  return (
    <Page
      title="Connectors"
      lead="The MCP servers that your organisation lets its members use, each at an address of its own."
      actions={org.mayChange && connectors && !isEmpty ? <RegisterButton org={org.slug} /> : null}
    >
      {!connectors && (error ? <Failure error={error} onRetry={() => pages.refetch()} /> : <Loading />)}
      {isEmpty && (org.mayChange ? <Beginning org={org.slug} /> : <NoConnectors />)}
      {connectors && !isEmpty && (
        <>
          {(q !== "" || hasNextPage || connectors.length > FEW) && (
            <SearchInUrl label="Search connectors" placeholder="Search names, addresses and servers" q={q} />
          )}
          <div className={panel.panel}>
            <LongList pages={pages} keyOf={({ id }) => id} className={classes.list}>
              {(connector) => <ConnectorRow org={org.slug} connector={connector} />}
            </LongList>
          </div>
          {connectors.length > 0 && !hasNextPage && <ConnectPanel endpoints={connectors} />}
        </>
      )}
    </Page>
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
