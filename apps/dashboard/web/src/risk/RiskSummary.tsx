import { List, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { RiskReport } from "../api/connectors/risks.ts";
import { Panel } from "../ui/Panel.tsx";
import { gradeOf } from "./grades.ts";

interface RiskSummaryProps {
  score: number;
  /** The worst of the findings. */
  worst: Omit<RiskReport["findings"][number], "toolName">[];
  lead: string;
  children: ReactNode;
}

export function RiskSummary({ score, worst, lead, children }: RiskSummaryProps) {
  return (
    <Panel title={`Risk: ${gradeOf(score).label} (${score} of 100)`} lead={lead}>
      <Stack gap="sm">
        {worst.length === 0 && <Text size="sm">Nothing was found.</Text>}
        <List size="sm" spacing={6}>
          {worst.map(({ rule, tool, pointer, title, detail }) => (
            <List.Item key={`${rule} ${tool} ${pointer}`}>
              <b>{title}</b>: {tool && <code>{tool}</code>} {detail}
            </List.Item>
          ))}
        </List>
        {children}
      </Stack>
    </Panel>
  );
}
