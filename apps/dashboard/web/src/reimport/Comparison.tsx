import { Anchor, Button, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Imported } from "../api/connectors/apis.ts";
import { Paged } from "../ui/Paged.tsx";
import { Panel } from "../ui/Panel.tsx";
import classes from "./comparison.module.css";

interface ComparisonProps {
  org: string;
  slug: string;
  found: Imported;
  pending: boolean;
  onApply: () => void;
}

/** What an import changes. */
export function Comparison({ org, slug, found, pending, onApply }: ComparisonProps) {
  const { added, removed, changed, missed } = found;
  const toolLink = (tool: string) => (
    <Anchor component={Link} to={`/${org}/connectors/${slug}/tools/${tool}`} className="mono">
      {tool}
    </Anchor>
  );
  const isSame = added.length + removed.length + changed.length === 0;
  return (
    <Panel title={isSame ? "Nothing has changed" : "What would change"}>
      <Stack gap="lg">
        <Part title="Added" lead="Not offered until you turn them on." items={added} keyOf={(name) => name}>
          {(name) => <code>{name}</code>}
        </Part>
        <Part title="Removed" lead="Clients no longer find them." items={removed} keyOf={(name) => name}>
          {toolLink}
        </Part>
        <Part title="Changed" items={changed} keyOf={({ name }) => name}>
          {({ name, members }) => (
            <>
              {toolLink(name)} <Text span size="sm" c="dimmed">{`${members.map(wordFor).join(", ")}`}</Text>
            </>
          )}
        </Part>
        <Part
          title="Edits that are lost"
          lead="What they were for is no longer there."
          items={missed}
          keyOf={({ name }) => name}
        >
          {({ name, problems }) => (
            <>
              {toolLink(name)}{" "}
              <Text span size="sm">
                {problems.join(". ")}
              </Text>
            </>
          )}
        </Part>
        {isSame ? (
          <Text size="sm">The tools are as the description has them.</Text>
        ) : (
          <Group>
            <Button loading={pending} onClick={onApply}>
              Take it over
            </Button>
            <Button component={Link} to={`/${org}/connectors/${slug}`} variant="default">
              Leave it as it is
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}

interface PartProps<Item> {
  title: string;
  lead?: string;
  items: readonly Item[];
  keyOf: (item: Item) => string;
  children: (item: Item) => ReactNode;
}

function Part<Item>({ title, lead, items, keyOf, children }: PartProps<Item>) {
  if (items.length === 0) return null;
  return (
    <section>
      <Title order={3} size="sm">
        {title} ({items.length})
      </Title>
      {lead && (
        <Text size="sm" c="dimmed">
          {lead}
        </Text>
      )}
      <Paged items={items} size={50} label={title.toLowerCase()} inset={0}>
        {(shown) => (
          <ul className={classes.list}>
            {shown.map((item) => (
              <li key={keyOf(item)}>{children(item)}</li>
            ))}
          </ul>
        )}
      </Paged>
    </section>
  );
}

const WORDS: Record<string, string> = {
  inputSchema: "arguments",
  outputSchema: "answer",
  annotations: "what it says of its effect",
};
const wordFor = (member: string) => WORDS[member] ?? member;
