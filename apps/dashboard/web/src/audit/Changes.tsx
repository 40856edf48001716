import { Table } from "@mantine/core";
import classes from "./audit.module.css";

/** What was, and what is: member by member, those that differ. */
export function Changes({ before, after }: { before: unknown; after: unknown }) {
  const changes = differences(before, after);
  return (
    <Table.ScrollContainer minWidth={480} type="native" tabIndex={0} role="group" aria-label="What was changed">
      <Table verticalSpacing="xs" horizontalSpacing="lg" className={classes.changes}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes.map(({ path, before, after }) => (
            <Table.Tr key={path}>
              <Table.Th scope="row">{path || "All of it"}</Table.Th>
              <Table.Td>{before !== undefined && <del>{said(before)}</del>}</Table.Td>
              <Table.Td>{after !== undefined && <ins>{said(after)}</ins>}</Table.Td>
            </Table.Tr>
          ))}
          {changes.length === 0 && (
            <Table.Tr>
              <Table.Td colSpan={3}>It is the same as before.</Table.Td>
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface Difference {
  /** `limits.member.callsPerMinute` */
  path: string;
  before: unknown;
  after: unknown;
}

function differences(before: unknown, after: unknown, path = ""): Difference[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [was, is] = [before ?? {}, after ?? {}];
  if (!isObject(was) || !isObject(is)) return [{ path, before, after }];
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].flatMap((name) => differences(was[name], is[name], path ? `${path}.${name}` : name));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const said = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
