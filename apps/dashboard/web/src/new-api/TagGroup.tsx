import { Badge, Button, Checkbox, Group, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { Operation } from "../ui/Operation.tsx";
import { Paged } from "../ui/Paged.tsx";
import classes from "./new-api.module.css";
import { type Chosen, type FoundTool, isRead } from "./ToolChoice.tsx";

interface TagGroupProps {
  tag: string;
  tools: readonly FoundTool[];
  /** Whether it is shown as long as nobody has opened or closed it. */
  isOpen: boolean;
  chosen: Chosen;
  onChange: (chosen: Chosen) => void;
}

export function TagGroup({ tag, tools, isOpen, chosen, onChange }: TagGroupProps) {
  const [opened, setOpened] = useState<boolean | null>(null);
  const content = useId();
  const shown = opened ?? isOpen;
  const count = tools.filter(({ name }) => chosen.has(name)).length;
  const reads = tools.filter(isRead);

  function choose(some: readonly FoundTool[], isChosen: boolean): void {
    const names = new Set(some.map(({ name }) => name));
    onChange(isChosen ? chosen.union(names) : chosen.difference(names));
  }

  return (
    <section className={classes.group} aria-label={tag}>
      <div className={classes.head}>
        <Checkbox
          aria-label={`All of ${tag}`}
          checked={count === tools.length}
          indeterminate={count > 0 && count < tools.length}
          onChange={(event) => choose(tools, event.currentTarget.checked)}
        />
        <UnstyledButton
          className={classes.toggle}
          aria-expanded={shown}
          aria-controls={content}
          onClick={() => setOpened(!shown)}
        >
          <IconChevronRight size={16} className={classes.chevron} aria-hidden />
          <Text span fw={600} size="sm" className={classes.wrapped}>
            {tag}
          </Text>
          <Text span size="sm" c="dimmed" className={classes.count}>
            {count} of {tools.length}
          </Text>
        </UnstyledButton>
        {reads.length > 0 && reads.length < tools.length && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`All reads of ${tag}`}
            onClick={() => choose(reads, true)}
          >
            All reads
          </Button>
        )}
      </div>
      <div id={content} hidden={!shown}>
        {shown && (
          <Paged items={tools} size={25} label={tag}>
            {(page) => (
              <ul className={classes.list}>
                {page.map((tool) => (
                  <li key={tool.name} className={classes.tool}>
                    <Checkbox
                      checked={chosen.has(tool.name)}
                      onChange={(event) => choose([tool], event.currentTarget.checked)}
                      label={<ToolLabel tool={tool} />}
                    />
                  </li>
                ))}
              </ul>
            )}
          </Paged>
        )}
      </div>
    </section>
  );
}

function ToolLabel({ tool: { name, title, key, deprecated } }: { tool: FoundTool }) {
  return (
    <>
      <Group gap="2px 10px" component="span">
        <span className={`mono ${classes.name}`}>{name}</span>
        {deprecated && (
          <Badge size="sm" color="gray" variant="light">
            deprecated
          </Badge>
        )}
        {title && (
          <Text span size="sm">
            {title}
          </Text>
        )}
      </Group>
      <Operation operation={key} />
    </>
  );
}
