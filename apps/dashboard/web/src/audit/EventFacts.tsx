import { Anchor, Code, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FullAuditEntry } from "../api/audit/audit.ts";
import { bytes } from "../usage/numbers.ts";
import classes from "./audit.module.css";
import { KeptArguments } from "./KeptArguments.tsx";
import type { FieldName } from "./search.ts";
import { durationOf, fullTime } from "./words.ts";

interface EventFactsProps {
  org: string;
  /** Of a call that changes something: what was logged before it was sent. */
  begun: FullAuditEntry | null;
  ended: FullAuditEntry;
}

/** Said in a place of their own. */
const ELSEWHERE = new Set(["phase", "call", "before", "after", "arguments", "token_name", "trace_id", "version"]);

/** Who, what, from where, how it ended; each leads to all that have it in common. */
export function EventFacts({ org, begun, ended }: EventFactsProps) {
  const { entry } = ended;
  const withArguments = [begun, ended].find((row) => row?.entry.arguments);
  const rest = Object.entries(entry).filter(
    ([name]) => !ELSEWHERE.has(name) && !KNOWN.some((known) => known.name === name),
  );
  return (
    <dl className={classes.facts}>
      <Fact label="Event">
        <Same org={org} field="event" value={ended.event} />
      </Fact>
      {ended.user && (
        <Fact label="Who">
          <Same org={org} field="who" value={ended.user} />
        </Fact>
      )}
      {ended.connectorSlug && (
        <Fact label="Connector">
          <Same org={org} field="connector" value={ended.connectorSlug}>
            {ended.connector}
          </Same>
        </Fact>
      )}
      {KNOWN.map(({ name, label, show, field }) => {
        const value = entry[name];
        if (value === undefined || value === null) return null;
        const shown = show ? show(value, entry) : String(value);
        return (
          <Fact key={name} label={label}>
            {field ? (
              <Same org={org} field={field} value={String(value)}>
                {shown}
              </Same>
            ) : (
              shown
            )}
          </Fact>
        );
      })}
      {withArguments && (
        <Fact label="Arguments">
          <KeptArguments org={org} id={withArguments.id} kept={withArguments.entry.arguments} />
        </Fact>
      )}
      {begun && (
        <Fact label="Sent">
          <time dateTime={begun.at}>{fullTime(new Date(begun.at))}</time>
        </Fact>
      )}
      {typeof entry.trace_id === "string" && (
        <Fact label="Trace">
          <Same org={org} field="trace" value={entry.trace_id}>
            <code>{entry.trace_id}</code>
          </Same>
        </Fact>
      )}
      {rest.map(([name, value]) => (
        <Fact key={name} label={labelFor(name)}>
          {typeof value === "object" ? <Code block>{JSON.stringify(value, null, 2)}</Code> : String(value)}
        </Fact>
      ))}
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Same({ org, field, value, children }: { org: string; field: FieldName; value: string; children?: ReactNode }) {
  return (
    <Anchor
      component={Link}
      to={`/${org}/audit`}
      search={{ [field]: value } as never}
      size="sm"
      title={`All with this ${field}`}
    >
      {children ?? value}
    </Anchor>
  );
}

interface Known {
  name: string;
  label: string;
  field?: FieldName;
  show?: (value: unknown, entry: Record<string, unknown>) => ReactNode;
}

const asBytes = (value: unknown): string => bytes(Number(value));

const KNOWN: readonly Known[] = [
  { name: "tool", label: "Tool", field: "tool", show: (value) => <code>{String(value)}</code> },
  { name: "method", label: "Method", field: "method", show: (value) => <code>{String(value)}</code> },
  { name: "client", label: "Client", field: "client" },
  { name: "client_id", label: "Client", field: "client" },
  { name: "token", label: "Token", field: "token", show: (value, { token_name: name }) => String(name ?? value) },
  { name: "grant", label: "Grant", field: "grant" },
  { name: "address", label: "Address", field: "address" },
  {
    name: "error",
    label: "Error",
    show: (value) => (
      <Text span size="sm" c="var(--mantine-color-error)">
        {String(value)}
      </Text>
    ),
  },
  { name: "duration_ms", label: "Duration", show: (value) => durationOf(Number(value)) },
  { name: "bytes_in", label: "Request", show: asBytes },
  { name: "bytes_out", label: "Answer", show: asBytes },
  { name: "era", label: "MCP", show: (value, { version }) => [value, version].filter(Boolean).join(", ") },
];

const labelFor = (name: string): string =>
  name
    .replaceAll("_", " ")
    .replace(/([a-z])([A-Z])/g, (_, end, next) => `${end} ${next.toLowerCase()}`)
    .replace(/^./, (first) => first.toUpperCase());
