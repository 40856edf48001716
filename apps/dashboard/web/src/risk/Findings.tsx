import { Anchor, Group, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { RiskReport } from "../api/connectors/risks.ts";
import { Paged } from "../ui/Paged.tsx";
import { Panel } from "../ui/Panel.tsx";
import classes from "./risk.module.css";

type Finding = RiskReport["findings"][number];

interface FindingsProps {
  title: string;
  findings: Finding[];
  /** Where a tool is edited, by the name that its server gives it. */
  linkTo: (name: string) => string;
}

/** Of one severity, by rule. */
export function Findings({ title, findings, linkTo }: FindingsProps) {
  if (findings.length === 0) return null;
  const rules = [...Map.groupBy(findings, ({ rule }) => rule).values()];
  return (
    <Panel flush title={`${title} (${findings.length})`}>
      {rules.map((found) => (
        <RuleFindings key={found[0]!.rule} findings={found} linkTo={linkTo} />
      ))}
    </Panel>
  );
}

function RuleFindings({ findings, linkTo }: Omit<FindingsProps, "title">) {
  const [{ title, why, todo } = findings[0]!] = findings;
  const points = findings.reduce((sum, finding) => sum + finding.points, 0);
  return (
    <section className={classes.rule}>
      <Group justify="space-between" align="baseline" gap="xs" wrap="nowrap">
        <Title order={3} size="sm">
          {title}
        </Title>
        <Text size="sm" c="dimmed" className={classes.points}>
          {points === 1 ? "1 point" : `${points} points`}
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {why}
      </Text>
      <Text size="sm">{todo}</Text>
      <Paged items={findings} size={10} label={title} inset={0}>
        {(shown) => (
          <ul className={classes.places}>
            {shown.map(({ tool, toolName, pointer, detail }) => (
              <li key={`${tool} ${pointer}`}>
                {toolName === null ? (
                  "The connector:"
                ) : (
                  <Anchor component={Link} to={linkTo(toolName)} className="mono">
                    {tool}
                  </Anchor>
                )}{" "}
                {detail}
                <Text span size="xs" c="dimmed" className="mono" ml={8}>
                  {pointer}
                </Text>
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </section>
  );
}
