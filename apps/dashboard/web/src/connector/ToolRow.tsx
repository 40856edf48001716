import { Badge, NativeSelect, Switch, Text } from "@mantine/core";
import type { Tool, ToolDecision } from "../api.ts";
import classes from "./tools.module.css";

const CLASSIFICATIONS = [
  { value: "", label: "Unclassified (write)" },
  { value: "read", label: "Read" },
  { value: "write", label: "Write" },
];

interface ToolRowProps {
  tool: Tool;
  mayChange: boolean;
  decide: (decision: ToolDecision) => void;
}

export function ToolRow({ tool, mayChange, decide }: ToolRowProps) {
  const { name, title, description, classification, offered } = tool;
  return (
    <li className={classes.row}>
      <div className={classes.about}>
        <Text component="h3" className="mono" fw={600} style={{ overflowWrap: "anywhere" }}>
          {name}
        </Text>
        {title && title !== name && <Text size="sm">{title}</Text>}
        {description && (
          <Text size="sm" c="dimmed" lineClamp={3} style={{ overflowWrap: "anywhere" }}>
            {description}
          </Text>
        )}
        <Suggestion tool={tool} />
      </div>
      {mayChange ? (
        <div className={classes.decisions}>
          <NativeSelect
            size="sm"
            className={classes.classification}
            aria-label={`Classification of ${name}`}
            value={classification ?? ""}
            data={CLASSIFICATIONS}
            onChange={({ currentTarget: { value } }) =>
              decide({ classification: value === "" ? null : (value as "read" | "write") })
            }
          />
          <Switch
            size="sm"
            label="Offered"
            aria-label={`Offer ${name}`}
            checked={offered}
            onChange={(event) => decide({ offered: event.currentTarget.checked })}
          />
        </div>
      ) : (
        <div className={classes.decisions}>
          <Badge variant="default" tt="none" fw={500}>
            {classification ?? "not classified"}
          </Badge>
          <Badge variant="default" tt="none" fw={500}>
            {offered ? "offered" : "not offered"}
          </Badge>
        </div>
      )}
    </li>
  );
}

/** What the upstream says of its own tool decides nothing. */
function Suggestion({ tool: { annotations, classification } }: { tool: Tool }) {
  if (classification !== null) return null;
  const claim = claimOf(annotations);
  return claim && <Text size="xs" c="dimmed" fs="italic">{`The server suggests: ${claim}`}</Text>;
}

function claimOf({ readOnlyHint, destructiveHint }: Tool["annotations"]): string | null {
  if (readOnlyHint === true) return "read";
  if (destructiveHint === true) return "write, may destroy data";
  if (readOnlyHint === false) return "write";
  return null;
}
