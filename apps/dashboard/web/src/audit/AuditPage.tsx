import { Button, Group, SegmentedControl } from "@mantine/core";
import { IconListSearch, IconRefresh } from "@tabler/icons-react";
import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { listAudit } from "../api.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { EventTable } from "./EventTable.tsx";
import { eventsOf } from "./events.ts";

type Kind = "call" | "all";

const auditQuery = (org: string, kind: Kind) =>
  infiniteQueryOptions({
    queryKey: ["audit", org, kind],
    queryFn: ({ pageParam }) =>
      listAudit(org, { ...(kind === "call" ? { event: kind } : {}), ...(pageParam ? { before: pageParam } : {}) }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 5000,
    placeholderData: keepPreviousData,
  });

export function AuditPage() {
  const org = useOrg()!;
  const [kind, setKind] = useState<Kind>("call");
  const audit = useInfiniteQuery({ ...auditQuery(org.slug, kind), enabled: org.mayAudit });
  const events = eventsOf(audit.data?.pages.flatMap(({ entries }) => entries) ?? []);
  if (!org.mayAudit) return <NotFound />;
  return (
    <Page
      title="Audit log"
      lead="Who called what, and how it ended. Newest first; new ones appear by themselves."
      actions={
        <Group gap="sm">
          <SegmentedControl
            size="sm"
            aria-label="Which events"
            value={kind}
            onChange={(value) => setKind(value as Kind)}
            data={[
              { value: "call", label: "Calls" },
              { value: "all", label: "All events" },
            ]}
          />
          <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => audit.refetch()}>
            Refresh
          </Button>
        </Group>
      }
    >
      {audit.error && <Failure error={audit.error} onRetry={() => audit.refetch()} />}
      {audit.isPending && <Loading />}
      {audit.data && (
        <div className={panel.panel}>{events.length > 0 ? <EventTable events={events} /> : <NothingYet />}</div>
      )}
      {audit.hasNextPage && (
        <Button variant="default" mx="auto" onClick={() => audit.fetchNextPage()} loading={audit.isFetchingNextPage}>
          Load more
        </Button>
      )}
    </Page>
  );
}

function NothingYet() {
  return (
    <Empty icon={<IconListSearch size={34} stroke={1.4} />} title="No calls yet">
      As soon as someone uses a connector, what they called appears here.
    </Empty>
  );
}
