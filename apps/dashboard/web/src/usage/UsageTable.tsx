import { Table } from "@mantine/core";
import type { UsageSummary } from "../api/usage/usage.ts";
import { Panel } from "../ui/Panel.tsx";
import { bytes, count, duration, percent } from "./numbers.ts";
import classes from "./usage.module.css";

interface UsageTableProps {
  title: string;
  rows: UsageSummary["connectors"];
  /** What is said of calls without. */
  none?: string;
}

/** Most calls first. */
export function UsageTable({ title, rows, none = "None" }: UsageTableProps) {
  return (
    <Panel flush title={title}>
      <Table.ScrollContainer minWidth={560} type="native" tabIndex={0} role="group" aria-label={title}>
        <Table verticalSpacing="xs" horizontalSpacing="lg" className={classes.table}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{title.replace("By ", "").replace(/^./, (first) => first.toUpperCase())}</Table.Th>
              <Table.Th ta="right">Calls</Table.Th>
              <Table.Th ta="right">Failed</Table.Th>
              <Table.Th ta="right">Refused</Table.Th>
              <Table.Th ta="right">
                <abbr title="Half of the calls took no longer">p50</abbr>
              </Table.Th>
              <Table.Th ta="right">
                <abbr title="95 in a hundred took no longer">p95</abbr>
              </Table.Th>
              <Table.Th ta="right">In and out</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                <Table.Td className={classes.name}>{row.name ?? (row.id || none)}</Table.Td>
                <Table.Td ta="right">{count(row.calls)}</Table.Td>
                <Table.Td ta="right">{percent(row.errors, row.calls)}</Table.Td>
                <Table.Td ta="right">{count(row.refused)}</Table.Td>
                <Table.Td ta="right">{duration(row.durationMsP50)}</Table.Td>
                <Table.Td ta="right">{duration(row.durationMsP95)}</Table.Td>
                <Table.Td ta="right">{bytes(row.bytesIn + row.bytesOut)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Panel>
  );
}
