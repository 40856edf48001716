import { Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Health, readHealth } from "../api/org/platform.ts";
import { Ago } from "../ui/Ago.tsx";
import { Page } from "../ui/Page.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading } from "../ui/states.tsx";
import { count } from "../usage/numbers.ts";
import classes from "./platform.module.css";

const healthQuery = queryOptions({
  queryKey: ["platform", "health"],
  queryFn: readHealth,
  refetchInterval: 5000,
});

/** Of the whole deployment, as its processes and its database say. */
export function HealthPage() {
  const { data: health, error, refetch } = useQuery(healthQuery);
  return (
    <Page title="Health" lead="What runs, and what waits. It is read again every five seconds.">
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !health && <Loading />}
      {health && (
        <>
          <Replicas replicas={health.replicas} />
          <WaitingPanel waiting={health.waiting} />
          <Outages outages={health.outages} />
        </>
      )}
    </Page>
  );
}

function Replicas({ replicas }: Pick<Health, "replicas">) {
  const alive = replicas.filter(({ isAlive }) => isAlive).length;
  return (
    <Panel flush title={`Processes (${alive} of ${replicas.length} alive)`}>
      <Table.ScrollContainer minWidth={620} type="native" tabIndex={0} role="group" aria-label="Processes">
        <Table verticalSpacing="xs" horizontalSpacing="lg">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Apps</Table.Th>
              <Table.Th>Host</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th>Depends on</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {replicas.map((replica) => (
              <Table.Tr key={replica.id}>
                <Table.Td>{replica.apps.join(", ")}</Table.Td>
                <Table.Td>{replica.host}</Table.Td>
                <Table.Td>{replica.version}</Table.Td>
                <Table.Td>
                  <Ago at={replica.startedAt} />
                </Table.Td>
                <Table.Td>
                  {replica.isAlive ? (
                    <Dependencies dependencies={replica.dependencies} />
                  ) : (
                    <Bad>
                      Silent since <Ago at={replica.seenAt} />
                    </Bad>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Panel>
  );
}

function Dependencies({ dependencies }: { dependencies: Record<string, string> }) {
  return (
    <Group gap="2px 12px">
      {Object.entries(dependencies).map(([name, state]) =>
        state === "ok" ? (
          <Text key={name} size="sm" c="dimmed">
            {name}: ok
          </Text>
        ) : (
          <Bad key={name}>
            {name} {state}
          </Bad>
        ),
      )}
    </Group>
  );
}

function Bad({ children }: { children: React.ReactNode }) {
  return (
    <Text size="sm" c="var(--mantine-color-error)" component="div">
      {children}
    </Text>
  );
}

type Kind = keyof Health["waiting"];

const WAITING: Record<Kind, { label: string; lateSeconds: number }> = {
  audit: { label: "Audit rows without a place in their chain", lateSeconds: 60 },
  mails: { label: "Mails to be sent", lateSeconds: 300 },
  revocations: { label: "Links to be ended upstream", lateSeconds: 600 },
  deliveries: { label: "Deliveries of audit logs that fail", lateSeconds: 0 },
};

function WaitingPanel({ waiting }: Pick<Health, "waiting">) {
  return (
    <Panel title="Waiting">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="lg">
        {(Object.keys(WAITING) as Kind[]).map((kind) => (
          <Stack key={kind} gap={0}>
            <Text size="xs" c="dimmed">
              {WAITING[kind].label}
            </Text>
            <Text fz={22} fw={600}>
              {count(waiting[kind].count)}
            </Text>
            <Oldest since={waiting[kind].since} lateSeconds={WAITING[kind].lateSeconds} />
          </Stack>
        ))}
      </SimpleGrid>
    </Panel>
  );
}

function Oldest({ since, lateSeconds }: { since: string | null; lateSeconds: number }) {
  if (!since) return null;
  const isLate = Date.now() - Date.parse(since) > lateSeconds * 1000;
  return (
    <Text size="xs" c={isLate ? "var(--mantine-color-error)" : "dimmed"}>
      the oldest: <Ago at={since} />
    </Text>
  );
}

function Outages({ outages }: Pick<Health, "outages">) {
  return (
    <Panel flush title={`Upstreams that do not answer (${outages.length})`}>
      {outages.length === 0 && (
        <Text size="sm" c="dimmed" px="lg" pb="lg">
          All that were called of late answer.
        </Text>
      )}
      <ul className={classes.list}>
        {outages.map(({ org, connector, since }) => (
          <li key={`${org}/${connector}`} className={classes.row}>
            <Text size="sm" className={classes.name}>
              <Link to="/platform/orgs/$slug" params={{ slug: org }}>
                {org}
              </Link>{" "}
              / {connector}
            </Text>
            <Text size="sm" c="dimmed" component="div">
              since <Ago at={since} />
            </Text>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
