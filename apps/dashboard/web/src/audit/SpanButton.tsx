import { Button, Group, Popover, Stack, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconClock } from "@tabler/icons-react";
import { useState } from "react";
import classes from "./audit.module.css";
import type { AuditSearch } from "./search.ts";

const HOUR_MS = 60 * 60_000;

const SPANS = [
  { label: "The last hour", ms: HOUR_MS },
  { label: "The last 24 hours", ms: 24 * HOUR_MS },
  { label: "The last 7 days", ms: 7 * 24 * HOUR_MS },
  { label: "The last 30 days", ms: 30 * 24 * HOUR_MS },
];

interface SpanButtonProps {
  search: AuditSearch;
  onChange: (search: AuditSearch) => void;
}

/** From when to when. */
export function SpanButton({ search, onChange }: SpanButtonProps) {
  const [opened, setOpened] = useState(false);

  function choose(span: Pick<AuditSearch, "from" | "to">): void {
    const { from, to, ...rest } = search;
    onChange({ ...rest, ...span });
    setOpened(false);
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={260} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          className={classes.span}
          leftSection={<IconClock size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          onClick={() => setOpened(!opened)}
        >
          {labelOf(search)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time" p="xs">
        <Stack gap={2}>
          <Choice label="Any time" onChoose={() => choose({})} />
          {SPANS.map(({ label, ms }) => (
            <Choice
              key={label}
              label={label}
              onChoose={() => choose({ from: new Date(Date.now() - ms).toISOString() })}
            />
          ))}
          <OwnSpan search={search} onChoose={choose} />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ label, onChoose }: { label: string; onChoose: () => void }) {
  return (
    <UnstyledButton className={classes.choice} onClick={onChoose}>
      {label}
    </UnstyledButton>
  );
}

function OwnSpan({ search, onChoose }: { search: AuditSearch; onChoose: (span: AuditSearch) => void }) {
  const [from, setFrom] = useState(toLocal(search.from));
  const [to, setTo] = useState(toLocal(search.to));
  const isBackwards = from !== "" && to !== "" && from >= to;
  return (
    <form
      className={classes.ownSpan}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBackwards) onChoose({ ...(from && { from: toUtc(from) }), ...(to && { to: toUtc(to) }) });
      }}
    >
      <TextInput
        type="datetime-local"
        size="xs"
        label="From"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        size="xs"
        label="Until"
        value={to}
        error={isBackwards && "This is before the beginning"}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <Group justify="flex-end">
        <Button type="submit" size="xs">
          Show
        </Button>
      </Group>
    </form>
  );
}

/** As `datetime-local` has it, in the person's own time zone. */
function toLocal(iso: string | undefined): string {
  const at = Date.parse(iso ?? "");
  return Number.isNaN(at) ? "" : new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const toUtc = (local: string): string => new Date(local).toISOString();

const FORMAT = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

function labelOf({ from, to }: AuditSearch): string {
  const [begins, ends] = [from, to].map((iso) => (iso ? said(iso) : null));
  if (begins && ends) return `${begins} – ${ends}`;
  if (begins) return `Since ${begins}`;
  return ends ? `Until ${ends}` : "Any time";
}

function said(iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : FORMAT.format(at);
}
