import { Anchor, Group, Text } from "@mantine/core";
import { IconListSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { EventList } from "../audit/EventList.tsx";
import { eventsOf } from "../audit/events.ts";
import { LoadMore } from "../audit/LoadMore.tsx";
import { useAudit } from "../audit/use-audit.ts";
import panel from "../ui/panel.module.css";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { useConnector } from "./ConnectorPage.tsx";

export function ActivityTab() {
  const { org, connector } = useConnector();
  return org.mayAudit ? <Activity org={org.slug} {...connector} /> : <NotFound />;
}

/** What the audit log has of one connector. */
function Activity({ org, slug, name }: { org: string; slug: string; name: string }) {
  const audit = useAudit(org, { connector: slug }, { live: true });
  const { entries, error, tailError } = audit;
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          Newest first; new ones appear by themselves.
        </Text>
        <Anchor component={Link} to={`/${org}/audit?connector=${slug}`} size="sm">
          Search it in the audit log
        </Anchor>
      </Group>
      {(error ?? tailError) && <Failure error={(error ?? tailError)!} onRetry={() => audit.refetch()} />}
      {audit.isPending && <Loading />}
      {audit.data && (
        <div className={panel.panel}>
          {entries.length > 0 ? (
            <EventList ofOne org={org} events={eventsOf(entries)} label={`What happened at ${name}, newest first`} />
          ) : (
            <Empty icon={<IconListSearch size={34} stroke={1.4} />} title="Nothing has happened yet">
              As soon as someone uses or changes {name}, it appears here.
            </Empty>
          )}
        </div>
      )}
      {audit.hasNextPage && <LoadMore loading={audit.isFetchingNextPage} onLoad={() => audit.fetchNextPage()} />}
    </>
  );
}
