import { NativeSelect, Stack, Switch } from "@mantine/core";
import { Panel } from "../../ui/Panel.tsx";
import { CLASSIFICATIONS, type Classification } from "../classifications.ts";
import { OpenToField } from "../open-to/OpenToField.tsx";
import type { PartProps } from "./ToolForm.tsx";

/** Whether a tool is offered, and to whom. */
export function Use({ org, fields, set }: Pick<PartProps, "fields" | "set"> & { org: string }) {
  return (
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
  );
}
