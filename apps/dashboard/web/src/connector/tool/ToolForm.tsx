import { applyEdits, type EditableTool, missedEdits, type ToolEdits } from "@gatehouse/connectors/choice/edits";
import { Alert, Button, Code, Group, NativeSelect, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiProblem, type ToolDetails } from "../../api.ts";
import { Panel } from "../../ui/Panel.tsx";
import { Failure } from "../../ui/states.tsx";
import { CLASSIFICATIONS, type Classification } from "../classifications.ts";
import { OpenToField } from "../open-to/OpenToField.tsx";
import { ArgumentRow } from "./ArgumentRow.tsx";
import { Edited } from "./Edited.tsx";
import { originalFields, type ToolFields, toEdits, toFields } from "./fields.ts";
import { answerPaths, argumentsOf } from "./schema.ts";
import classes from "./tool.module.css";
import { useSave } from "./use-save.ts";

interface ToolFormProps {
  org: string;
  slug: string;
  tool: ToolDetails;
  /** An API's answers can be cut to what is needed. */
  isApi: boolean;
}

export function ToolForm({ org, slug, tool, isApi }: ToolFormProps) {
  const { definition } = tool;
  const [fields, setFields] = useState(() => toFields(tool));
  const [isTried, setTried] = useState(false);
  const { edits, problems } = toEdits(fields, definition);
  const save = useSave({ org, slug, name: tool.name });
  const original = originalFields(definition);
  const refused = save.error instanceof ApiProblem ? fieldsOf(save.error) : {};
  const shownProblems = isTried ? { ...refused, ...problems } : {};
  const isUnplaced = save.error && Object.keys(refused).length === 0;

  function set(change: Partial<ToolFields>): void {
    setFields({ ...fields, ...change });
    save.reset();
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    const { classification, offered, openTo } = fields;
    save.mutate({ classification: classification || null, offered, openTo, edits });
  }

  return (
    <form onSubmit={submit} noValidate aria-label="Tool">
      <Stack gap="lg">
        <Missed definition={definition} edits={tool.edits} />
        <Panel title="What the model reads">
          <Stack gap="lg">
            <Edited
              label="Name"
              mono
              value={fields.name}
              original={original.name}
              error={shownProblems.name}
              onChange={(name) => set({ name })}
            />
            <Edited
              label="Title"
              value={fields.title}
              original={original.title}
              error={shownProblems.title}
              onChange={(title) => set({ title })}
            />
            <Edited
              label="Description"
              description="What it does, when to use it, and what it answers"
              long
              value={fields.description}
              original={original.description}
              error={shownProblems.description}
              onChange={(description) => set({ description })}
            />
          </Stack>
        </Panel>
        <Arguments {...{ definition, fields, set }} problems={shownProblems} />
        {isApi && (
          <Panel title="The answer" lead="Fewer fields make for shorter answers, which models read better.">
            <TagsInput
              label="Fields to leave out"
              description="Choose them, or type paths such as customer.notes or items.*.raw"
              placeholder={fields.dropped.length === 0 ? "None" : ""}
              data={answerPaths(definition)}
              value={fields.dropped}
              limit={40}
              clearable={false}
              error={shownProblems.dropped}
              onChange={(dropped) => set({ dropped })}
            />
          </Panel>
        )}
        <Panel title="Its use">
          <Stack gap="lg">
            <Switch
              label="Offered"
              description="What is not offered does not exist for anybody"
              checked={fields.offered}
              onChange={(event) => set({ offered: event.currentTarget.checked })}
            />
            <NativeSelect
              maw={320}
              label="Classification"
              data={CLASSIFICATIONS}
              value={fields.classification}
              onChange={(event) => set({ classification: event.currentTarget.value as Classification | "" })}
            />
            <OpenToField
              org={org}
              value={fields.openTo}
              everyone="All who may use the connector"
              onChange={(openTo) => set({ openTo })}
            />
          </Stack>
        </Panel>
        <details className={classes.preview}>
          <summary>As clients get it</summary>
          <Code block tabIndex={0}>
            {JSON.stringify(applyEdits(definition, edits), null, 2)}
          </Code>
        </details>
        {isUnplaced && <Failure error={save.error!} />}
        <Group className={classes.bar}>
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
          <Button variant="default" disabled={edits === null} onClick={() => set(original)}>
            Reset to the original
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {save.isSuccess && "Saved"}
            {Object.keys(shownProblems).length > 0 && "Some fields need attention"}
          </Text>
        </Group>
      </Stack>
    </form>
  );
}

interface ArgumentsProps {
  definition: EditableTool;
  fields: ToolFields;
  problems: Record<string, string>;
  set: (change: Partial<ToolFields>) => void;
}

function Arguments({ definition, fields, problems, set }: ArgumentsProps) {
  const all = argumentsOf(definition);
  return (
    <Panel
      flush
      title={`Arguments (${all.length})`}
      lead={
        all.length === 0
          ? "This tool takes none."
          : "What a model need not decide it cannot get wrong: give it a value, or leave it out."
      }
    >
      <ul className={classes.list}>
        {all.map((argument) => (
          <ArgumentRow
            key={argument.name}
            argument={argument}
            fields={fields.arguments[argument.name]!}
            problem={problems[`arguments.${argument.name}`]}
            onChange={(changed) => set({ arguments: { ...fields.arguments, [argument.name]: changed } })}
          />
        ))}
      </ul>
    </Panel>
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
