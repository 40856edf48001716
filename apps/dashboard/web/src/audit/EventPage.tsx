import { Anchor, Code, Text } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { type FullAuditEntry, readAuditEntry } from "../api/audit/audit.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import classes from "./audit.module.css";
import { Changes } from "./Changes.tsx";
import { EventFacts } from "./EventFacts.tsx";
import { EventList } from "./EventList.tsx";
import { eventOf, eventsOf } from "./events.ts";
import { Outcome } from "./Outcome.tsx";
import { fullTime } from "./words.ts";

const entryQuery = (org: string, id: string) =>
  queryOptions({ queryKey: ["audit-entry", org, id], queryFn: () => readAuditEntry(org, id) });

/** One event in full. */
export function EventPage() {
  const org = useOrg()!;
  const { id } = useParams({ from: "/signed-in/$org/audit/$id" });
  return org.mayAudit ? <EventOf org={org.slug} id={id} /> : <NotFound />;
}

export function EventOf({ org, id }: { org: string; id: string }) {
  const { data, error, refetch } = useQuery(entryQuery(org, id));
  if (!data) {
    return (
      <Page title="Event" back={{ label: "Audit log", href: `/${org}/audit` }}>
        {error ? <Failure error={error} onRetry={() => refetch()} /> : <Loading />}
      </Page>
    );
  }
  return <Event org={org} {...data} />;
}

type EventProps = { org: string } & Awaited<ReturnType<typeof readAuditEntry>>;

function Event({ org, row, otherHalf, neighbours }: EventProps) {
  const [begun, ended] = otherHalf && otherHalf.id > row.id ? [row, otherHalf] : [otherHalf, row];
  const { action, outcome } = eventOf(ended);
  const { before, after, trace_id: trace } = ended.entry;
  return (
    <Page
      title={ended.event === "call" ? action : sentence(action)}
      lead={
        <span className={classes.lead}>
          <Outcome outcome={outcome} />
          <time dateTime={ended.at}>{fullTime(new Date(ended.at))}</time>
        </span>
      }
      back={{ label: "Audit log", href: `/${org}/audit` }}
    >
      <Panel title="Details">
        <EventFacts org={org} begun={begun} ended={ended} />
      </Panel>
      {(before !== undefined || after !== undefined) && (
        <Panel title="What was changed" flush>
          <Changes before={before} after={after} />
        </Panel>
      )}
      {typeof trace === "string" && (
        <Panel
          title="In the same trace"
          lead="What else was done for the same request, or by those that it is part of."
          flush
        >
          {neighbours.length > 0 ? (
            <>
              <EventList org={org} events={eventsOf(neighbours)} label="In the same trace" />
              <Text size="sm" p="md">
                <Anchor component={Link} to={`/${org}/audit`} search={{ trace } as never} size="sm">
                  All of this trace
                </Anchor>
              </Text>
            </>
          ) : (
            <Text size="sm" c="dimmed" px="lg" pb="lg">
              Nothing else.
            </Text>
          )}
        </Panel>
      )}
      {[begun, ended].map((row) => row && <Row key={row.id} row={row} isOne={!begun} />)}
    </Page>
  );
}

function Row({ row: { seq, ...row }, isOne }: { row: FullAuditEntry; isOne: boolean }) {
  const phase = row.entry.phase === "intent" ? "before it was sent" : "how it ended";
  return (
    <details className={classes.raw}>
      <summary>
        The row as it is logged{!isOne && `, ${phase}`} ({seq === null ? "not chained yet" : `row ${seq} of the chain`})
      </summary>
      <Code block tabIndex={0} aria-label="The row as JSON">
        {JSON.stringify(row, null, 2)}
      </Code>
    </details>
  );
}

const sentence = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());
