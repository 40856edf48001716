import { Text } from "@mantine/core";
import type { Imported } from "../api/connectors/apis.ts";
import { Paged } from "../ui/Paged.tsx";
import { Panel } from "../ui/Panel.tsx";
import classes from "./new-api.module.css";

/** What of a description could not be taken over: whole operations first. */
export function LeftOut({ notes }: { notes: Imported["notes"] }) {
  const gone = notes.filter(({ leftOut }) => leftOut).length;
  const sorted = [...notes.filter(({ leftOut }) => leftOut), ...notes.filter(({ leftOut }) => !leftOut)];
  return (
    <Panel flush title="What could not be taken over" lead={leadOf(gone, notes.length - gone)}>
      <details className={classes.notes}>
        <summary>Show where, and why</summary>
        <Paged items={sorted} size={25} label="what could not be taken over">
          {(shown) => (
            <ul className={classes.list}>
              {shown.map(({ pointer, line, problem }) => (
                <li key={`${pointer} ${problem}`} className={classes.note}>
                  <Text size="sm" className={classes.wrapped}>
                    {problem}
                  </Text>
                  <Text size="xs" c="dimmed" className={`mono ${classes.wrapped}`}>
                    {line === undefined ? "" : `Line ${line}, `}
                    {pointer}
                  </Text>
                </li>
              ))}
            </ul>
          )}
        </Paged>
      </details>
    </Panel>
  );
}

function leadOf(operations: number, parts: number): string {
  const whole = operations === 1 ? "One operation is left out" : `${operations} operations are left out`;
  const some = parts === 1 ? "one part of another is" : `${parts} parts of others are`;
  if (operations === 0)
    return `All operations are there, but ${parts === 1 ? "one part is" : `${parts} parts are`} not as described.`;
  return parts === 0 ? `${whole}.` : `${whole}, and ${some} not as described.`;
}
