import { Alert, Button, Group, NativeSelect, Text, TextInput } from "@mantine/core";
import { IconSearch, IconTool } from "@tabler/icons-react";
import { useState } from "react";
import type { Connector } from "../api/connectors/connectors.ts";
import type { Tool } from "../api/connectors/tools.ts";
import { Paged } from "../ui/Paged.tsx";
import { Panel } from "../ui/Panel.tsx";
import { Empty } from "../ui/states.tsx";
import { shownName } from "./shown.ts";
import { ToolRow } from "./ToolRow.tsx";
import classes from "./tools.module.css";
import { useOfferedTools, useToolDecision } from "./use-tool-decision.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;
const PAGE = 50;

const FILTERS = {
  all: { label: "All", test: () => true },
  offered: { label: "Offered", test: ({ offered }: Tool) => offered },
  off: { label: "Not offered", test: ({ offered }: Tool) => !offered },
  read: { label: "Reads", test: ({ classification }: Tool) => classification === "read" },
  write: { label: "Writes", test: ({ classification }: Tool) => classification !== "read" },
  edited: { label: "Edited", test: ({ edits, openTo }: Tool) => edits !== null || openTo !== null },
};
type Filter = keyof typeof FILTERS;
const FILTER_LABELS = Object.entries(FILTERS).map(([value, { label }]) => ({ value, label }));

interface ToolListProps {
  org: string;
  connector: Connector;
  mayChange: boolean;
}

export function ToolList({ org, connector, mayChange }: ToolListProps) {
  const [sought, setSought] = useState("");
  const [filter, setFilter] = useState<Filter>("all");
  const [tag, setTag] = useState("");
  const decide = useToolDecision(org, connector.slug);
  const offer = useOfferedTools(org, connector.slug);
  const { tools } = connector;
  const shown = tools.filter(
    (tool) => FILTERS[filter].test(tool) && (tag === "" || tool.tags.includes(tag)) && matches(tool, sought),
  );
  const refused = decide.error ?? offer.error;
  return (
    <Panel
      flush
      title={`Tools (${tools.length})`}
      lead="A client that has only mcp:read may call what you have classified as a read. Everything else asks for mcp:write."
    >
      {refused && (
        <Alert
          role="alert"
          color="red"
          m="lg"
          mt={0}
          withCloseButton
          onClose={() => {
            decide.reset();
            offer.reset();
          }}
          title="Not changed"
        >
          {refused.message}
        </Alert>
      )}
      {tools.length > FEW && (
        <Group px="lg" pb="md" gap="sm">
          <TextInput
            flex="1 1 14rem"
            size="sm"
            type="search"
            aria-label="Search tools"
            placeholder="Search tools"
            leftSection={<IconSearch size={15} aria-hidden />}
            value={sought}
            onChange={(event) => setSought(event.currentTarget.value)}
          />
          <Tags tools={tools} value={tag} onChange={setTag} />
          <NativeSelect
            size="sm"
            aria-label="Which tools to show"
            data={FILTER_LABELS}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value as Filter)}
          />
        </Group>
      )}
      {mayChange && tools.length > FEW && shown.length > 0 && (
        <Many shown={shown} pending={offer.isPending} offer={(offered) => offer.mutate({ tools: shown, offered })} />
      )}
      {tools.length === 0 && (
        <Empty
          icon={<IconTool size={32} stroke={1.4} />}
          title={connector.seen ? "This server offers no tools" : "Its tools are not known yet"}
        >
          {connector.seen
            ? "It may still offer resources and prompts."
            : "They appear when an owner who has linked an account has it checked."}
        </Empty>
      )}
      <Paged items={shown} size={PAGE} label="tools">
        {(page) => (
          <ul className={classes.list}>
            {page.map((tool) => (
              <ToolRow
                key={tool.name}
                {...{ org, tool, mayChange }}
                slug={connector.slug}
                decide={(decision) => decide.mutate({ tool, decision })}
              />
            ))}
          </ul>
        )}
      </Paged>
      {tools.length > 0 && shown.length === 0 && (
        <Text size="sm" c="dimmed" p="lg" role="status">
          {sought ? `No tool has “${sought}” in its name or description.` : "No tool is like that."}
        </Text>
      )}
    </Panel>
  );
}

function Tags({ tools, value, onChange }: { tools: Tool[]; value: string; onChange: (tag: string) => void }) {
  const tags = [...new Set(tools.flatMap((tool) => tool.tags))].sort((one, other) => one.localeCompare(other));
  if (tags.length === 0) return null;
  return (
    <NativeSelect
      size="sm"
      maw={220}
      aria-label="Tag"
      data={[{ value: "", label: "Every tag" }, ...tags]}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface ManyProps {
  shown: Tool[];
  pending: boolean;
  offer: (offered: boolean) => void;
}

/** Whatever is shown, on every page, at once. */
function Many({ shown, pending, offer }: ManyProps) {
  const on = shown.filter(({ offered }) => offered).length;
  return (
    <Group px="lg" pb="md" gap="sm" justify="space-between">
      <Text size="sm" c="dimmed" role="status">
        {on} of {shown.length} offered
      </Text>
      <Group gap="xs">
        <Button
          size="compact-sm"
          variant="default"
          loading={pending}
          disabled={on === shown.length}
          onClick={() => offer(true)}
        >
          Offer all {shown.length}
        </Button>
        <Button size="compact-sm" variant="default" loading={pending} disabled={on === 0} onClick={() => offer(false)}>
          Offer none of them
        </Button>
      </Group>
    </Group>
  );
}

function matches(tool: Tool, sought: string): boolean {
  const { name, title, description, operation, edits } = tool;
  const said = [shownName(tool), name, title, description, operation, edits?.title, edits?.description];
  return said.join(" ").toLowerCase().includes(sought.trim().toLowerCase());
}
