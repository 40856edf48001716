import { Group, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import type { UsageSummary } from "../api/usage/usage.ts";
import { Panel } from "../ui/Panel.tsx";
import { bytes, count } from "./numbers.ts";

type Name = keyof UsageSummary["quotas"];

const QUOTAS: Record<Name, { label: string; format: (value: number) => string }> = {
  callsPerDay: { label: "Calls today", format: count },
  callsPerMonth: { label: "Calls this month", format: count },
  bytesPerDay: { label: "In and out today", format: bytes },
  bytesPerMonth: { label: "In and out this month", format: bytes },
};

/** What the organisation as a whole may use, where it is limited. */
export function Quotas({ quotas }: { quotas: UsageSummary["quotas"] }) {
  const set = (Object.keys(QUOTAS) as Name[]).filter((name) => quotas[name].max !== null);
  if (set.length === 0) return null;
  return (
    <Panel title="Quotas of the organisation">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        {set.map((name) => (
          <Quota key={name} {...QUOTAS[name]} used={quotas[name].used} max={quotas[name].max!} />
        ))}
      </SimpleGrid>
    </Panel>
  );
}

interface QuotaProps {
  label: string;
  format: (value: number) => string;
  used: number;
  max: number;
}

function Quota({ label, format, used, max }: QuotaProps) {
  const part = Math.min(100, (100 * used) / max);
  return (
    <Stack gap={4}>
      <Group justify="space-between">
        <Text size="sm">{label}</Text>
        <Text size="sm" c="dimmed">
          {format(used)} of {format(max)}
        </Text>
      </Group>
      <Progress value={part} color={part >= 90 ? "red" : "indigo"} aria-label={label} />
    </Stack>
  );
}
