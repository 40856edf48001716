import { Alert, Button, Group, SegmentedControl, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { ReadApi } from "../api/connectors/apis.ts";
import { Panel } from "../ui/Panel.tsx";
import classes from "./new-api.module.css";
import { TagGroup } from "./TagGroup.tsx";

export type FoundTool = ReadApi["tools"][number];
export type Chosen = ReadonlySet<string>;

/** Beyond this many, models choose worse between them. */
const MANY = 50;
/** So few are shown without asking. */
const FEW = 30;

export const isRead = ({ suggested }: FoundTool) => suggested.classification === "read";

export function suggested(tools: readonly FoundTool[]): Chosen {
  return new Set(tools.filter(({ suggested }) => suggested.offered).map(({ name }) => name));
}

const FILTERS = {
  all: () => true,
  reads: isRead,
  writes: (tool: FoundTool) => !isRead(tool),
  chosen: ({ name }: FoundTool, chosen: Chosen) => chosen.has(name),
};
type Filter = keyof typeof FILTERS;
const FILTER_LABELS: { value: Filter; label: string }[] = [
  { value: "all", label: "All" },
  { value: "reads", label: "Reads" },
  { value: "writes", label: "Writes" },
  { value: "chosen", label: "Chosen" },
];

interface ToolChoiceProps {
  tools: readonly FoundTool[];
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}

/** Which operations become tools that are offered: by tag, with a search. */
export function ToolChoice({ tools, chosen, onChange }: ToolChoiceProps) {
  const [sought, setSought] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const shown = tools.filter((tool) => matches(tool, sought) && FILTERS[filter](tool, chosen));
  const groups = [...Map.groupBy(shown, ({ tags }) => tags[0] ?? "")].sort(([one], [other]) => order(one, other));
  const isNarrowed = sought !== "" || tools.length <= FEW;
  return (
    <Panel
      flush
      title="What is offered"
      lead="Reads are chosen, and what changes something is not. Everything can be turned on or off later."
    >
      <Group px="lg" pb="md" gap="sm">
        <TextInput
          flex="1 1 14rem"
          type="search"
          aria-label="Search operations"
          placeholder="Search names, paths and descriptions"
          leftSection={<IconSearch size={15} aria-hidden />}
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
        <SegmentedControl
          data={FILTER_LABELS}
          value={filter}
          aria-label="Which to show"
          onChange={(value) => setFilter(value as Filter)}
        />
      </Group>
      <Group px="lg" pb="md" gap="sm" justify="space-between">
        <Text size="sm" fw={600} role="status">
          {chosen.size} of {tools.length} chosen
        </Text>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => onChange(suggested(tools))}>
            As suggested
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => onChange(new Set())}>
            None
          </Button>
        </Group>
      </Group>
      {chosen.size > MANY && (
        <Alert color="yellow" mx="lg" mb="md" title={`${chosen.size} tools are many`}>
          A client gives all of them to the model with every question. Beyond {MANY} or so, models choose the wrong
          ones, and each question costs more. Start with what your members need.
        </Alert>
      )}
      {groups.map(([tag, found]) => (
        <TagGroup key={tag} tag={tag || "Without a tag"} tools={found} isOpen={isNarrowed} {...{ chosen, onChange }} />
      ))}
      {shown.length === 0 && (
        <Text size="sm" c="dimmed" className={classes.nothing} role="status">
          No operation is like that.
        </Text>
      )}
    </Panel>
  );
}

function matches({ name, title, description, key, tags }: FoundTool, sought: string): boolean {
  const text = `${name} ${title ?? ""} ${key} ${tags.join(" ")} ${description}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Those without a tag come last. */
function order(one: string, other: string): number {
  if (one === "" || other === "") return one === "" ? 1 : -1;
  return one.localeCompare(other);
}
