import { Button, Group, NativeSelect, Select, Stack } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { Limits } from "../api.ts";
import { planFor, type Subject } from "./amounts.ts";
import { LimitForm } from "./LimitForm.tsx";
import classes from "./limits.module.css";
import { nameOf } from "./name-of.ts";

type Kind = Exclude<Subject, "org">;

const KINDS: { value: Kind; label: string }[] = [
  { value: "member", label: "Member" },
  { value: "client", label: "Client" },
  { value: "connector", label: "Connector" },
  { value: "tool", label: "Tool" },
];

export function NewException({ org, data }: { org: string; data: Limits }) {
  const [isOpen, setOpen] = useState(false);
  const [subject, setSubject] = useState<Kind>("member");
  const [subjectId, setSubjectId] = useState<string | null>(null);
  const close = () => {
    setOpen(false);
    setSubjectId(null);
  };
  if (!isOpen) {
    return (
      <div className={classes.row}>
        <Button
          variant="default"
          w="fit-content"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setOpen(true)}
        >
          Limit one alone
        </Button>
      </div>
    );
  }
  return (
    <Stack gap="md" className={classes.row}>
      <Group align="flex-end" gap="sm">
        <NativeSelect
          label="What"
          data={KINDS}
          value={subject}
          onChange={({ currentTarget: { value } }) => {
            setSubject(value as Kind);
            setSubjectId(null);
          }}
        />
        <Select
          label="Which"
          searchable
          placeholder="Choose…"
          flex="1 1 14rem"
          value={subjectId}
          onChange={setSubjectId}
          data={choicesOf(data, subject)}
          nothingFoundMessage="There is none"
        />
        {!subjectId && (
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        )}
      </Group>
      {subjectId && (
        <LimitForm
          key={subjectId}
          limited={{ subject, subjectId }}
          set={{}}
          plan={planFor(data, subject)}
          {...{ org, onDone: close }}
        />
      )}
    </Stack>
  );
}

function choicesOf({ names, limits }: Limits, subject: Kind) {
  const taken = new Set(limits.filter((limit) => limit.subject === subject).map(({ subjectId }) => subjectId));
  return names[subject]
    .filter(({ id }) => !taken.has(id))
    .map(({ id }) => ({ value: id, label: nameOf(names, subject, id) }));
}
