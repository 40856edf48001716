import { Badge, Group, NativeSelect, Text } from "@mantine/core";
import { useId } from "react";
import { Edited } from "./Edited.tsx";
import type { ArgumentFields } from "./fields.ts";
import type { Argument } from "./schema.ts";
import classes from "./tool.module.css";
import { ValueInput } from "./ValueInput.tsx";

const USES: { value: ArgumentFields["use"]; label: string }[] = [
  { value: "shown", label: "The model fills it in" },
  { value: "pinned", label: "Always this value" },
  { value: "hidden", label: "Never sent" },
];

interface ArgumentRowProps {
  argument: Argument;
  fields: ArgumentFields;
  problem: string | undefined;
  onChange: (fields: ArgumentFields) => void;
}

export function ArgumentRow({ argument, fields, problem, onChange }: ArgumentRowProps) {
  const heading = useId();
  const { name, type, isRequired, description } = argument;
  const set = (change: Partial<ArgumentFields>) => onChange({ ...fields, ...change });
  return (
    <li className={classes.argument}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset's legend cannot stand in a grid */}
      <div role="group" aria-labelledby={heading} className={classes.parts}>
        <div>
          <Group gap="2px 8px">
            <Text component="h3" id={heading} className={`mono ${classes.originalText}`} fw={600}>
              {name}
            </Text>
            {isRequired && (
              <Badge variant="default" size="sm">
                required
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {type}
          </Text>
          <NativeSelect
            mt={8}
            size="sm"
            aria-label={`How ${name} is filled in`}
            data={USES}
            value={fields.use}
            onChange={(event) => set({ use: event.currentTarget.value as ArgumentFields["use"] })}
          />
        </div>
        <div className={classes.values}>
          {fields.use !== "hidden" && (
            <ValueInput
              label={fields.use === "pinned" ? "Value" : "Default"}
              argument={argument}
              value={fields.value}
              error={problem}
              onChange={(value) => set({ value })}
            />
          )}
          {fields.use === "shown" && (
            <Edited
              label="Description"
              long
              value={fields.description}
              original={description}
              onChange={(text) => set({ description: text })}
            />
          )}
          {fields.use === "hidden" && (
            <Text size="sm" c={problem ? "red" : "dimmed"} role={problem ? "alert" : undefined}>
              {problem ?? "The model does not see it, and what a client sends for it is left out."}
            </Text>
          )}
        </div>
      </div>
    </li>
  );
}
