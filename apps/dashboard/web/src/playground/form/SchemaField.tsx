import { Button, Fieldset, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type Draft, type Either, firstDraft, type Problems } from "./draft.ts";
import classes from "./form.module.css";
import { resolve, type Schema, type Shape, shapeOf } from "./shape.ts";

interface SchemaFieldProps {
  schema: unknown;
  /** Where references lead. */
  root: Schema;
  /** Of the value within the whole, as problems name it. */
  path: string;
  label: string;
  isRequired: boolean;
  draft: Draft;
  problems: Problems;
  onChange: (draft: Draft) => void;
}

/** One value of a form that is made from a JSON Schema, with all that is in it. */
export function SchemaField(props: SchemaFieldProps) {
  const schema = resolve(props.schema, props.root);
  const shape = shapeOf(schema, props.root);
  const field = { ...props, schema };
  switch (shape.kind) {
    case "object":
      return <ObjectField {...field} shape={shape} />;
    case "list":
      return <ListField {...field} shape={shape} />;
    case "either":
      return <EitherField {...field} shape={shape} />;
    default:
      return <PlainField {...field} shape={shape} />;
  }
}

type Of<Kind extends Shape["kind"]> = Omit<SchemaFieldProps, "schema"> & {
  schema: Schema;
  shape: Extract<Shape, { kind: Kind }>;
};

/** What the upstream says of it is text, whatever it looks like. */
const said = (value: unknown) => (typeof value === "string" ? value : undefined);

function PlainField({
  schema,
  shape,
  label,
  isRequired,
  path,
  draft,
  problems,
  onChange,
}: Of<"text" | "number" | "boolean" | "choice" | "json">) {
  const common = {
    ...{ label, description: said(schema.description), error: problems[path], withAsterisk: isRequired },
    ...{ classNames: { description: classes.said }, "data-path": path },
  };
  if (shape.kind === "boolean" || shape.kind === "choice") {
    const options = shape.kind === "choice" ? shape.options.map((option) => option.label) : ["no", "yes"];
    const chosen = draft === undefined ? "" : String(Number(draft));
    return (
      <NativeSelect
        {...common}
        value={chosen}
        data={[
          { value: "", label: isRequired ? "Choose one" : "not given" },
          ...options.map((text, at) => ({ value: String(at), label: text })),
        ]}
        onChange={({ currentTarget: { value } }) =>
          onChange(value === "" ? undefined : shape.kind === "boolean" ? value === "1" : Number(value))
        }
      />
    );
  }
  const typed = {
    ...common,
    value: (draft as string | undefined) ?? "",
    spellCheck: false,
    autoComplete: "off",
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  if (shape.kind === "json")
    return (
      <Textarea
        {...typed}
        autosize
        minRows={2}
        maxRows={12}
        classNames={{ ...common.classNames, input: "mono" }}
        placeholder="JSON"
      />
    );
  if (shape.kind === "text" && shape.isLong) return <Textarea {...typed} autosize minRows={3} maxRows={12} />;
  return <TextInput {...typed} inputMode={shape.kind === "number" ? "decimal" : "text"} placeholder={hintOf(schema)} />;
}

function hintOf({ format, examples, minimum, maximum }: Schema): string {
  if (Array.isArray(examples) && typeof examples[0] === "string") return `such as ${examples[0]}`;
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return said(format) ?? "";
}

function ObjectField({ schema, shape, root, label, isRequired, path, draft, problems, onChange }: Of<"object">) {
  const members = draft as { [name: string]: Draft } | undefined;
  if (members === undefined) {
    return (
      <Absent
        {...{ label, schema }}
        problem={problems[path]}
        onAdd={() => onChange(firstDraft({ ...schema, default: undefined }, root, true))}
      />
    );
  }
  const fields = (
    <Stack gap="md">
      {problems[path] && <Problem text={problems[path]} />}
      {shape.fields.map((field) => (
        <SchemaField
          key={field.name}
          {...{ root, problems, ...field }}
          label={labelOf(field.schema, root, field.name)}
          path={path === "" ? field.name : `${path}.${field.name}`}
          draft={members[field.name]}
          onChange={(next) => onChange({ ...members, [field.name]: next })}
        />
      ))}
    </Stack>
  );
  if (path === "") return fields;
  return (
    <Fieldset
      legend={<Legend {...{ label, isRequired }} onRemove={isRequired ? undefined : () => onChange(undefined)} />}
    >
      <Description schema={schema} />
      {fields}
    </Fieldset>
  );
}

function ListField({ schema, shape, root, label, isRequired, path, draft, problems, onChange }: Of<"list">) {
  const items = (draft as Draft[] | undefined) ?? [];
  const add = () => onChange([...items, firstDraft(shape.item, root, true)]);
  const replace = (at: number, next: Draft) => onChange(items.map((item, index) => (index === at ? next : item)));
  const remove = (at: number) => {
    const left = items.filter((_, index) => index !== at);
    onChange(left.length === 0 && !isRequired ? undefined : left);
  };
  return (
    <Fieldset legend={<Legend {...{ label, isRequired }} />}>
      <Description schema={schema} />
      <Stack gap="sm">
        {problems[path] && <Problem text={problems[path]} />}
        {items.map((item, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name than their place
          <Group key={at} gap="xs" align="flex-end" wrap="nowrap">
            <div className={classes.item}>
              <SchemaField
                {...{ root, problems, schema: shape.item, isRequired: true, draft: item }}
                label={`${label} ${at + 1}`}
                path={`${path}.${at}`}
                onChange={(next) => replace(at, next)}
              />
            </div>
            <Button variant="default" size="sm" onClick={() => remove(at)} aria-label={`Remove ${label} ${at + 1}`}>
              Remove
            </Button>
          </Group>
        ))}
        <AddButton label={label} onClick={add} />
      </Stack>
    </Fieldset>
  );
}

function EitherField({ schema, shape, root, label, isRequired, path, draft, problems, onChange }: Of<"either">) {
  const chosen = draft as Either | undefined;
  const choose = (value: string) =>
    onChange(
      value === ""
        ? undefined
        : { at: Number(value), of: firstDraft(shape.variants[Number(value)]!.schema, root, true) },
    );
  return (
    <Stack gap="xs">
      <NativeSelect
        {...{ label, description: said(schema.description), withAsterisk: isRequired }}
        error={chosen ? undefined : problems[path]}
        classNames={{ description: classes.said }}
        value={chosen ? String(chosen.at) : ""}
        data={[
          { value: "", label: isRequired ? "Choose one" : "not given" },
          ...shape.variants.map((variant, at) => ({ value: String(at), label: variant.label })),
        ]}
        onChange={(event) => choose(event.currentTarget.value)}
      />
      {chosen && (
        <SchemaField
          {...{ root, path, problems, isRequired: true, draft: chosen.of }}
          label={shape.variants[chosen.at]!.label}
          schema={shape.variants[chosen.at]!.schema}
          onChange={(next) => onChange({ at: chosen.at, of: next })}
        />
      )}
    </Stack>
  );
}

function labelOf(part: unknown, root: Schema, name: string): string {
  const title = said(resolve(part, root).title);
  return title && title.toLowerCase() !== name.toLowerCase() ? `${name} (${title})` : name;
}

function Legend({
  label,
  isRequired,
  onRemove,
}: {
  label: string;
  isRequired: boolean;
  onRemove?: (() => void) | undefined;
}) {
  return (
    <Group gap="xs">
      {label}
      {isRequired && (
        <Text span c="red" aria-hidden>
          *
        </Text>
      )}
      {onRemove && (
        <Button variant="subtle" size="compact-xs" onClick={onRemove} aria-label={`Leave out ${label}`}>
          Leave out
        </Button>
      )}
    </Group>
  );
}

function Absent({
  label,
  schema,
  problem,
  onAdd,
}: {
  label: string;
  schema: Schema;
  problem: string | undefined;
  onAdd: () => void;
}) {
  return (
    <Stack gap={4} align="flex-start">
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Description schema={schema} />
      {problem && <Problem text={problem} />}
      <AddButton label={label} onClick={onAdd} />
    </Stack>
  );
}

function AddButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button
      variant="default"
      size="compact-sm"
      w="fit-content"
      leftSection={<IconPlus size={14} aria-hidden />}
      onClick={onClick}
      aria-label={`Add ${label}`}
    >
      Add
    </Button>
  );
}

function Description({ schema }: { schema: Schema }) {
  const text = said(schema.description);
  return text ? (
    <Text size="xs" c="dimmed" mb="xs" className={classes.said}>
      {text}
    </Text>
  ) : null;
}

function Problem({ text }: { text: string | undefined }) {
  return (
    <Text size="xs" c="var(--mantine-color-error)">
      {text}
    </Text>
  );
}
