import { Table } from "@mantine/core";
import type { UsageSummary } from "../api/usage/usage.ts";
import { count, duration } from "./numbers.ts";
import classes from "./usage.module.css";

const TIMES = {
  hour: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }),
  day: new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" }),
};

/** What the charts show, for those who would rather read it. */
export function OverTimeTable({ usage: { step, overTime } }: { usage: UsageSummary }) {
  return (
    <details className={classes.details}>
      <summary>The same as a table, by {step}</summary>
      <Table.ScrollContainer minWidth={460} type="native" tabIndex={0} role="group" aria-label={`Calls by ${step}`}>
        <Table verticalSpacing={4} className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{step === "hour" ? "Hour" : "Day"} (UTC)</Table.Th>
              <Table.Th ta="right">Calls</Table.Th>
              <Table.Th ta="right">Failed</Table.Th>
              <Table.Th ta="right">p50</Table.Th>
              <Table.Th ta="right">p95</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {overTime.map(({ at, calls, errors, durationMsP50, durationMsP95 }) => (
              <Table.Tr key={at}>
                <Table.Td>{TIMES[step].format(Date.parse(at))}</Table.Td>
                <Table.Td ta="right">{count(calls)}</Table.Td>
                <Table.Td ta="right">{count(errors)}</Table.Td>
                <Table.Td ta="right">{duration(durationMsP50)}</Table.Td>
                <Table.Td ta="right">{duration(durationMsP95)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </details>
  );
}
