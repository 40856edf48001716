import { Button, Group, Menu, SemiCircleProgress, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { queryOptions, useQuery } from "@tanstack/react-query";
import { type RiskReport, readRisks, riskFile } from "../api/connectors/risks.ts";
import { useConnector } from "../connector/ConnectorPage.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Failure, Loading, NotFound } from "../ui/states.tsx";
import { Findings } from "./Findings.tsx";
import { gradeOf, SEVERITIES } from "./grades.ts";
import classes from "./risk.module.css";

export const riskQuery = (org: string, slug: string) =>
  queryOptions({ queryKey: ["connectors", org, slug, "risk"], queryFn: () => readRisks(org, slug) });

/** What may go wrong with a connector as it is set up now, and what to do about it. */
export function RiskTab() {
  const { org, connector } = useConnector();
  const { slug } = connector;
  const { data: report, error, refetch } = useQuery({ ...riskQuery(org.slug, slug), enabled: org.mayChange });
  if (!org.mayChange) return <NotFound />;
  return (
    <>
      <Group justify="space-between" gap="sm">
        <Text size="sm" c="dimmed">
          What may go wrong with {connector.name}, as it is set up now.
        </Text>
        <Downloads org={org.slug} slug={slug} />
      </Group>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {!error && !report && <Loading />}
      {report && (
        <>
          <Score report={report} />
          {SEVERITIES.map(({ severity, label }) => (
            <Findings
              key={severity}
              title={label}
              findings={report.findings.filter((finding) => finding.severity === severity)}
              linkTo={(name) => `/${org.slug}/connectors/${slug}/tools/${name}`}
            />
          ))}
        </>
      )}
    </>
  );
}

function Downloads({ org, slug }: { org: string; slug: string }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          Download
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component="a" href={riskFile(org, slug, "json")} download={`${slug}-risk.json`}>
          JSON
        </Menu.Item>
        <Menu.Item component="a" href={riskFile(org, slug, "sarif")} download={`${slug}.sarif`}>
          SARIF
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Score({ report: { score, findings } }: { report: RiskReport }) {
  const { label, color } = gradeOf(score);
  const said = `${score} of 100: ${label}`;
  return (
    <Panel title="Score">
      <Group gap="xl">
        <div role="img" aria-label={said}>
          <SemiCircleProgress
            value={score}
            size={180}
            thickness={10}
            filledSegmentColor={color}
            label={
              <Text span className={classes.score} aria-hidden>
                {score}
              </Text>
            }
          />
        </div>
        <Stack gap={4} flex="1 1 16rem">
          <Text fw={600}>{label}</Text>
          <Text size="sm" c="dimmed">
            {findings.length === 0
              ? "Nothing was found."
              : "The sum of the points below, and 100 at most. Less is better."}
          </Text>
        </Stack>
      </Group>
    </Panel>
  );
}
