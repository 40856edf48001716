import { Panel } from "../../ui/Panel.tsx";
import { ArgumentRow } from "./ArgumentRow.tsx";
import { argumentsOf } from "./schema.ts";
import type { PartProps } from "./ToolForm.tsx";
import classes from "./tool.module.css";

export function Arguments({ definition, fields, problems, set }: PartProps) {
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
