import { applyEdits, type EditableTool, missedEdits, type ToolEdits } from "@gatehouse/connectors/choice/edits";
import { Alert, Button, Code, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { ToolDetails } from "../../api/connectors/tools.ts";
import { ApiProblem } from "../../api/problem.ts";
import { NotSaved } from "../../ui/NotSaved.tsx";
import { useEdit } from "../../ui/use-edit.ts";
import { Answer } from "./Answer.tsx";
import { Arguments } from "./Arguments.tsx";
import { originalFields, type ToolFields, toEdits, toFields } from "./fields.ts";
import classes from "./tool.module.css";
import { Use } from "./Use.tsx";
import { useSave } from "./use-save.ts";
import { Words } from "./Words.tsx";

/** What a part of the form is given. */
export interface PartProps {
  /** The original. */
  definition: EditableTool;
  fields: ToolFields;
  problems: Record<string, string>;
  set: (change: Partial<ToolFields>) => void;
}

interface ToolFormProps {
  org: string;
  slug: string;
  tool: ToolDetails;
}

export function ToolForm({ org, slug, tool }: ToolFormProps) {
  const { definition } = tool;
  const { fields, setFields, base, reset } = useEdit(tool, toFields);
  const [isTried, setTried] = useState(false);
  const queryClient = useQueryClient();
  const save = useSave({ org, slug, name: tool.name });
  const { edits, problems: unreadable } = toEdits(fields, definition);
  const refused = save.error instanceof ApiProblem ? fieldsOf(save.error) : {};
  const problems = isTried ? { ...refused, ...unreadable } : {};

  function set(change: Partial<ToolFields>): void {
    setFields({ ...fields, ...change });
    save.reset();
  }

  function store(etag: string | null): void {
    const { classification, offered, openTo } = fields;
    save.mutate({ decision: { classification: classification || null, offered, openTo, edits }, etag });
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (Object.keys(unreadable).length === 0) store(base.etag);
  }

  async function seeTheirs(): Promise<void> {
    await queryClient.invalidateQueries({ queryKey: ["connectors", org, slug] });
    save.reset();
    reset();
  }

  const part = { definition, fields, problems, set };
  const isUnplaced = save.error && Object.keys(refused).length === 0;
  return (
    <form onSubmit={submit} noValidate aria-label="Tool">
      <Stack gap="lg">
        <Missed definition={definition} edits={tool.edits} />
        <Words {...part} />
        <Arguments {...part} />
        {tool.operation !== null && <Answer {...part} />}
        <Use org={org} {...part} />
        <details className={classes.preview}>
          <summary>As clients get it</summary>
          <Code block tabIndex={0}>
            {JSON.stringify(applyEdits(definition, edits), null, 2)}
          </Code>
        </details>
        {isUnplaced && (
          <NotSaved error={save.error!} pending={save.isPending} onTheirs={seeTheirs} onMine={() => store(null)} />
        )}
        <Group className={classes.bar}>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
          <Button variant="default" disabled={edits === null} onClick={() => set(originalFields(definition))}>
            Reset to the original
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {save.isSuccess && "Saved"}
            {Object.keys(problems).length > 0 && "Some fields need attention"}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

function Missed({ definition, edits }: { definition: EditableTool; edits: ToolEdits | null }) {
  const missed = edits ? missedEdits(definition, edits) : [];
  if (missed.length === 0) return null;
  return (
    <Alert color="yellow" title="Some edits have lost what they were for">
      {missed.map((problem) => (
        <Text key={problem} size="sm">
          {problem}.
        </Text>
      ))}
      <Text size="sm">They are forgotten when you save.</Text>
    </Alert>
  );
}

/** By the names of `ToolEdits`. */
function fieldsOf({ fields }: ApiProblem): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name.replace(/^edits\./, ""), text]));
}
