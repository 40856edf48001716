import { Anchor, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconChartBar } from "@tabler/icons-react";
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { readUsage, type UsageSummary, usageFile } from "../api/usage/usage.ts";
import { useOrg } from "../session.ts";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Empty, Failure, Loading, NotFound } from "../ui/states.tsx";
import { Chart } from "./Chart.tsx";
import { type Days, DEFAULT_DAYS } from "./days.ts";
import { OverTimeTable } from "./OverTimeTable.tsx";
import { Quotas } from "./Quotas.tsx";
import { Totals } from "./Totals.tsx";
import { UsageTable } from "./UsageTable.tsx";

const SPANS = [
  { value: "1", label: "24 hours" },
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
];
const DAY_MS = 86_400_000;

const usageQuery = (org: string, days: number) =>
  queryOptions({
    queryKey: ["usage", org, days],
    queryFn: () => readUsage(org, days),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });

/** Who has called what, from the audit log. */
export function UsagePage() {
  const org = useOrg()!;
  const { days = DEFAULT_DAYS } = useSearch({ from: "/signed-in/$org/usage" });
  const navigate = useNavigate({ from: "/$org/usage" });
  const { data, error, refetch } = useQuery({ ...usageQuery(org.slug, days), enabled: org.mayAudit });
  if (!org.mayAudit) return <NotFound />;
  return (
    <Page
      title="Usage"
      lead="Every call that is in the audit log, a few seconds later. Days and hours are UTC."
      actions={
        <SegmentedControl
          aria-label="Of the last"
          data={SPANS}
          value={String(days)}
          onChange={(days) => navigate({ search: { days: Number(days) as Days } })}
        />
      }
    >
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !data && <Loading />}
      {data && (data.overTime.length > 0 ? <Usage usage={data} days={days} /> : <Nothing />)}
      {data && <Files org={org.slug} days={days} />}
    </Page>
  );
}

function Usage({ usage, days }: { usage: UsageSummary; days: number }) {
  return (
    <>
      <Panel title="Calls">
        <Stack gap="lg">
          <Totals usage={usage} />
          <Chart usage={usage} days={days} what="calls" />
          <Chart usage={usage} days={days} what="durations" />
          <OverTimeTable usage={usage} />
        </Stack>
      </Panel>
      <Quotas quotas={usage.quotas} />
      <UsageTable title="By connector" rows={usage.connectors} />
      <UsageTable title="By tool" rows={usage.tools} none="No tool: lists, resources, prompts" />
      <UsageTable title="By member" rows={usage.members} />
      <UsageTable title="By client" rows={usage.clients} />
    </>
  );
}

function Nothing() {
  return (
    <Empty icon={<IconChartBar size={32} stroke={1.5} />} title="Nothing was called in this time">
      As soon as a member calls a tool, it is counted here.
    </Empty>
  );
}

function Files({ org, days }: { org: string; days: number }) {
  const to = new Date();
  const span = { from: new Date(to.getTime() - days * DAY_MS), to };
  return (
    <Group gap="md">
      <Text size="sm" c="dimmed">
        Every hour, by connector, tool, member and client:
      </Text>
      <Anchor size="sm" href={usageFile(org, "csv", span)} download>
        CSV
      </Anchor>
      <Anchor size="sm" href={usageFile(org, "json", span)} download>
        JSON
      </Anchor>
    </Group>
  );
}
