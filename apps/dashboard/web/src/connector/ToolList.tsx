import { Alert, Text, TextInput } from "@mantine/core";
import { IconSearch, IconTool } from "@tabler/icons-react";
import { useState } from "react";
import type { Connector, Tool } from "../api.ts";
import { Panel } from "../ui/Panel.tsx";
import { Empty } from "../ui/states.tsx";
import { ToolRow } from "./ToolRow.tsx";
import classes from "./tools.module.css";
import { useToolDecision } from "./use-tool-decision.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;

export function ToolList({ org, connector, mayChange }: { org: string; connector: Connector; mayChange: boolean }) {
  const [sought, setSought] = useState("");
  const decide = useToolDecision(org, connector.slug);
  const shown = connector.tools.filter((tool) => matches(tool, sought));
  return (
    <Panel
      flush
      title={`Tools (${connector.tools.length})`}
      lead="A client that has only mcp:read may call what you have classified as a read. Everything else asks for mcp:write."
    >
      {decide.error && (
        <Alert role="alert" color="red" m="lg" mt={0} withCloseButton onClose={decide.reset} title="Not changed">
          {decide.error.message}
        </Alert>
      )}
      {connector.tools.length > FEW && (
        <TextInput
          mx="lg"
          mb="md"
          maw={320}
          size="sm"
          type="search"
          aria-label="Search tools"
          placeholder="Search tools"
          leftSection={<IconSearch size={15} aria-hidden />}
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
        />
      )}
      {connector.tools.length === 0 && (
        <Empty icon={<IconTool size={32} stroke={1.4} />} title="This server offers no tools">
          It may still offer resources and prompts.
        </Empty>
      )}
      <ul className={classes.list}>
        {shown.map((tool) => (
          <ToolRow
            key={tool.name}
            tool={tool}
            mayChange={mayChange}
            decide={(decision) => decide.mutate({ name: tool.name, decision })}
          />
        ))}
      </ul>
      {connector.tools.length > 0 && shown.length === 0 && (
        <Text size="sm" c="dimmed" p="lg" role="status">
          No tool has “{sought}” in its name or description.
        </Text>
      )}
    </Panel>
  );
}

function matches({ name, title, description }: Tool, sought: string): boolean {
  return `${name} ${title ?? ""} ${description ?? ""}`.toLowerCase().includes(sought.trim().toLowerCase());
}
