import { Button, Group, Switch, Text } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { EventList } from "./EventList.tsx";
import { ExportButton } from "./ExportButton.tsx";
import { eventsOf } from "./events.ts";
import { FilterBar } from "./FilterBar.tsx";
import { IntegrityLink } from "./Integrity.tsx";
import { LoadMore } from "./LoadMore.tsx";
import { SpanButton } from "./SpanButton.tsx";
import type { AuditSearch } from "./search.ts";
import { useAudit } from "./use-audit.ts";

export function AuditPage() {
  const org = useOrg()!;
  const search = useSearch({ from: "/signed-in/$org/audit" });
  if (!org.mayAudit) return <NotFound />;
  return (
    <AuditLog
      org={org.slug}
      search={search}
      lead="Everything that was done, asked for and refused, and by whom. Newest first."
      actions={
        <Group gap="md">
          <IntegrityLink org={org.slug} />
          <ExportButton org={org.slug} search={search} />
        </Group>
      }
    />
  );
}

interface AuditLogProps {
  org: string;
  search: AuditSearch;
  lead: string;
  actions?: ReactNode;
}

export function AuditLog({ org, search, lead, actions }: AuditLogProps) {
  const navigate = useNavigate();
  const [wantsLive, setLive] = useState(true);
  const isOver = search.to !== undefined;
  const audit = useAudit(org, search, { live: wantsLive && !isOver });
  const { entries, error, tailError } = audit;
  const change = (search: AuditSearch) => navigate({ to: "/$org/audit", params: { org }, search });
  return (
    <Page title="Audit log" lead={lead} actions={actions}>
      <Group gap="sm" align="flex-start">
        <FilterBar search={search} entries={entries} onChange={change} />
        <SpanButton search={search} onChange={change} />
        <Switch
          label="Live"
          mt={8}
          checked={wantsLive && !isOver}
          disabled={isOver}
          onChange={(event) => setLive(event.currentTarget.checked)}
        />
      </Group>
      {(error ?? tailError) && <Failure error={(error ?? tailError)!} onRetry={() => audit.refetch()} />}
      {audit.isPending && <Loading />}
      {audit.data && (
        <div className={panel.panel}>
          {entries.length > 0 ? (
            <EventList org={org} events={eventsOf(entries)} label="Events, newest first" />
          ) : audit.hasNextPage ? (
            <Loading />
          ) : (
            <Nothing search={search} onClear={() => change({})} />
          )}
        </div>
      )}
      {audit.hasNextPage && <LoadMore loading={audit.isFetchingNextPage} onLoad={() => audit.fetchNextPage()} />}
      {entries.length > 0 && audit.data && !audit.hasNextPage && (
        <Text size="sm" c="dimmed" ta="center">
          That is all there is.
        </Text>
      )}
    </Page>
  );
}

function Nothing({ search, onClear }: { search: AuditSearch; onClear: () => void }) {
  const icon = <IconListSearch size={34} stroke={1.4} />;
  if (Object.keys(search).length === 0) {
    return (
      <Empty icon={icon} title="Nothing has happened yet">
        As soon as someone signs in, changes something or uses a connector, it appears here.
      </Empty>
    );
  }
  return (
    <Empty
      icon={icon}
      title="Nothing matches"
      action={
        <Button variant="default" onClick={onClear}>
          Show everything
        </Button>
      }
    >
      All filters must hold together. Words must be as they stand in the log, but for those of an error.
    </Empty>
  );
}
