import { Badge, Group, NativeSelect, Switch, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Tool, ToolDecision } from "../api/connectors/tools.ts";
import { Operation } from "../ui/Operation.tsx";
import { CLASSIFICATIONS, type Classification } from "./classifications.ts";
import { shownName } from "./shown.ts";
import classes from "./tools.module.css";

interface ToolRowProps {
  org: string;
  slug: string;
  tool: Tool;
  mayChange: boolean;
  decide: (decision: ToolDecision) => void;
}

export function ToolRow({ org, slug, tool, mayChange, decide }: ToolRowProps) {
  const { name, operation, edits, openTo, classification, offered } = tool;
  const title = edits?.title ?? tool.title;
  const description = edits?.description ?? tool.description;
  const shown = shownName(tool);
  return (
    <li className={classes.row}>
      <div className={classes.about}>
        <Group gap="2px 8px">
          <Text component="h3" className="mono" fw={600} style={{ overflowWrap: "anywhere" }}>
            {mayChange ? (
              <Link to="/$org/connectors/$slug/tools/$tool" params={{ org, slug, tool: name }} className={classes.name}>
                {shown}
              </Link>
            ) : (
              shown
            )}
          </Text>
          {edits && <Mark label="edited" />}
          {openTo && <Mark label="not for all" />}
        </Group>
        {title && title !== shown && !description?.startsWith(title) && <Text size="sm">{title}</Text>}
        {description && (
          <Text size="sm" c="dimmed" lineClamp={3} style={{ overflowWrap: "anywhere" }}>
            {description}
          </Text>
        )}
        {operation && <Operation operation={operation} />}
        <Suggestion tool={tool} />
      </div>
      {mayChange ? (
        <div className={classes.decisions}>
          <NativeSelect
            size="sm"
            className={classes.classification}
            aria-label={`Classification of ${shown}`}
            value={classification ?? ""}
            data={CLASSIFICATIONS}
            onChange={({ currentTarget: { value } }) =>
              decide({ classification: value === "" ? null : (value as Classification) })
            }
          />
          <Switch
            size="sm"
            label="Offered"
            aria-label={`Offer ${shown}`}
            checked={offered}
            onChange={(event) => decide({ offered: event.currentTarget.checked })}
          />
        </div>
      ) : (
        <div className={classes.decisions}>
          <Mark label={classification ?? "not classified"} />
          <Mark label={offered ? "offered" : "not offered"} />
        </div>
      )}
    </li>
  );
}

function Mark({ label }: { label: string }) {
  return <Badge variant="default">{label}</Badge>;
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
