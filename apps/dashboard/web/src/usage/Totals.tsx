import { Group, Stack, Text } from "@mantine/core";
import type { UsageSummary } from "../api.ts";
import { bytes, count, duration, percent } from "./numbers.ts";

export function Totals({ usage: { overTime } }: { usage: UsageSummary }) {
  const sum = (value: (used: (typeof overTime)[number]) => number) =>
    overTime.reduce((total, used) => total + value(used), 0);
  const calls = sum((used) => used.calls);
  const timeMs = sum((used) => used.calls * used.durationMsMean);
  return (
    <Group gap="xl" mb="md">
      <Total label="Calls" value={count(calls)} />
      <Total
        label="Failed"
        value={percent(
          sum((used) => used.errors),
          calls,
        )}
      />
      <Total label="Refused by limits" value={count(sum((used) => used.refused))} />
      <Total label="On average" value={duration(calls === 0 ? 0 : timeMs / calls)} />
      <Total label="In and out" value={bytes(sum((used) => used.bytesIn + used.bytesOut))} />
    </Group>
  );
}

function Total({ label, value }: { label: string; value: string }) {
  return (
    <Stack gap={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fz={22} fw={600}>
        {value}
      </Text>
    </Stack>
  );
}
