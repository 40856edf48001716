import { Stack } from "@mantine/core";
import { Panel } from "../../ui/Panel.tsx";
import { Edited } from "./Edited.tsx";
import { originalFields } from "./fields.ts";
import type { PartProps } from "./ToolForm.tsx";

/** What a tool is called, and said to do. */
export function Words({ definition, fields, problems, set }: PartProps) {
  const original = originalFields(definition);
  const of = (name: "name" | "title" | "description") => ({
    ...{ value: fields[name], original: original[name], error: problems[name] },
    onChange: (text: string) => set({ [name]: text }),
  });
  return (
    <Panel title="What the model reads">
      <Stack gap="lg">
        <Edited label="Name" mono {...of("name")} />
        <Edited label="Title" {...of("title")} />
        <Edited
          label="Description"
          description="What it does, when to use it, and what it answers"
          long
          {...of("description")}
        />
      </Stack>
    </Panel>
  );
}
