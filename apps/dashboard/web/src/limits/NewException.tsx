import { Button, Group, NativeSelect, Stack } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { type Limits, searchSubjects } from "../api/usage/limits.ts";
import { type Option, SoughtSelect } from "../ui/Sought.tsx";
import { planFor, type Subject } from "./amounts.ts";
import { LimitForm } from "./LimitForm.tsx";
import classes from "./limits.module.css";

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
  const [chosen, choose] = useState<Option | null>(null);
  const close = () => {
    setOpen(false);
    choose(null);
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
          Add an exception
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
            choose(null);
          }}
        />
        <SoughtSelect
          key={subject}
          label="Which"
          placeholder="Search…"
          nothing="There is none"
          flex="1 1 14rem"
          queryKey={["limits", org, subject]}
          find={(search) => subjectsCalled(org, data, subject, search)}
          value={chosen}
          onChange={choose}
        />
        {!chosen && (
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
        )}
      </Group>
      {chosen && (
        <LimitForm
          key={chosen.value}
          limited={{ subject, subjectId: chosen.value }}
          set={{}}
          plan={planFor(data, subject)}
          {...{ org, onDone: close }}
        />
      )}
    </Stack>
  );
}

/** Those that have no limit of their own yet. */
async function subjectsCalled(org: string, { limits }: Limits, subject: Kind, search: string): Promise<Option[]> {
  const taken = new Set(limits.filter((limit) => limit.subject === subject).map(({ subjectId }) => subjectId));
  const found = await searchSubjects(org, { subject, search });
  return found.filter(({ id }) => !taken.has(id)).map(({ id, name }) => ({ value: id, label: name }));
}
