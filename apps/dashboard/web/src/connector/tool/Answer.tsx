import { TagsInput } from "@mantine/core";
import { Panel } from "../../ui/Panel.tsx";
import { answerPaths } from "./schema.ts";
import type { PartProps } from "./ToolForm.tsx";

/** Which fields of an API's answers are left out. */
export function Answer({ definition, fields, problems, set }: PartProps) {
  return (
    <Panel title="The answer" lead="Fewer fields make for shorter answers, which models read better.">
      <TagsInput
        label="Fields to leave out"
        description="Choose them, or type paths such as customer.notes or items.*.raw"
        placeholder={fields.dropped.length === 0 ? "None" : ""}
        data={answerPaths(definition)}
        value={fields.dropped}
        limit={40}
        error={problems.dropped}
        onChange={(dropped) => set({ dropped })}
      />
    </Panel>
  );
}
