import { Stack, Text } from "@mantine/core";
import type { UsageSummary } from "../api/usage/usage.ts";
import { bytes, count, duration, percent } from "./numbers.ts";
import classes from "./usage.module.css";

export function Totals({ usage: { total } }: { usage: UsageSummary }) {
  if (!total) return null;
  const { calls, errors, refused, durationMsP50, durationMsP95, bytesIn, bytesOut } = total;
  return (
    <div className={classes.totals}>
      <Total label="Calls" value={count(calls)} />
      <Total label="Failed" value={percent(errors, calls)} />
      <Total label="Refused by limits" value={count(refused)} />
      <Total label="Half took at most" value={duration(durationMsP50)} />
      <Total label="95 % took at most" value={duration(durationMsP95)} />
      <Total label="In and out" value={bytes(bytesIn + bytesOut)} />
    </div>
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
