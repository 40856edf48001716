import { SegmentedControl, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { type Draft, draftOf, firstDraft, jsonIn, type Problems, typedValue } from "./draft.ts";
import { SchemaField } from "./SchemaField.tsx";
import { resolve, type Schema, shapeOf } from "./shape.ts";

interface SchemaFormProps {
  schema: Schema;
  /** What the server found wrong, by path. */
  refused: Problems;
  /** Beside the buttons. */
  children: React.ReactNode;
  onSubmit: (value: Record<string, unknown>) => void;
}

const WAYS = [
  { value: "form", label: "Form" },
  { value: "json", label: "JSON" },
];

/** An object by its JSON Schema, in fields or written as JSON; the one becomes the other. */
export function SchemaForm({ schema, refused, children, onSubmit }: SchemaFormProps) {
  const [way, setWay] = useState<"form" | "json">("form");
  const [draft, setDraft] = useState<Draft>(() => firstDraft(schema, schema, true) ?? {});
  const [text, setText] = useState("");
  const [found, setFound] = useState<Problems>({});
  const problems = { ...refused, ...found };
  const shape = shapeOf(resolve(schema, schema), schema);
  const isEmpty = shape.kind === "object" && shape.fields.length === 0;

  const read = (problems: Problems) =>
    typedValue(schema, draft, { root: schema, path: "", isRequired: true, problems }) ?? {};
  function readText(problems: Problems): unknown {
    const value = text.trim() === "" ? {} : jsonIn(text, { path: "", problems });
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value)))
      problems[""] = "Write an object: { … }";
    return value;
  }
  function writeAsJson(): void {
    setText(JSON.stringify(read({}), null, 2));
    setFound({});
    setWay("json");
  }
  function fillInFields(): void {
    const problems: Problems = {};
    const value = readText(problems);
    setFound(problems);
    if (Object.keys(problems).length > 0) return;
    setDraft(draftOf(schema, schema, value));
    setWay("form");
  }
  function submit(): void {
    const problems: Problems = {};
    const value = way === "form" ? read(problems) : readText(problems);
    setFound(problems);
    if (Object.keys(problems).length === 0) onSubmit(value as Record<string, unknown>);
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        {!isEmpty && (
          <SegmentedControl
            size="xs"
            w="fit-content"
            aria-label="How to write the arguments"
            data={WAYS}
            value={way}
            onChange={(to) => (to === "json" ? writeAsJson() : fillInFields())}
          />
        )}
        {way === "json" && (
          <Textarea
            label="Arguments, as JSON"
            value={text}
            error={sentenceOf(problems)}
            autosize
            minRows={6}
            maxRows={24}
            spellCheck={false}
            classNames={{ input: "mono" }}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        {way === "form" && isEmpty && (
          <Text size="sm" c="dimmed">
            It takes no arguments.
          </Text>
        )}
        {way === "form" && (
          <SchemaField
            {...{ schema, root: schema, path: "", label: "Arguments", isRequired: true, draft, problems }}
            onChange={setDraft}
          />
        )}
        {children}
      </Stack>
    </form>
  );
}

function sentenceOf(problems: Problems): string | undefined {
  const sentences = Object.entries(problems).map(([path, text]) => (path === "" ? text : `${path}: ${text}`));
  return sentences.length > 0 ? sentences.join(". ") : undefined;
}
