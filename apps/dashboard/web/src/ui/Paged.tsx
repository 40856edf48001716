import { Button, Group, Text } from "@mantine/core";
import { type ReactNode, useRef, useState } from "react";

interface PagedProps<Item> {
  items: readonly Item[];
  size: number;
  /** What they are, in the plural. */
  label: string;
  /** From the sides to what turns the pages. */
  inset?: "lg" | 0;
  children: (shown: readonly Item[]) => ReactNode;
}

/** A long list, a part at a time. */
export function Paged<Item>({ items, size, label, inset = "lg", children }: PagedProps<Item>) {
  const [wanted, setPage] = useState(0);
  const last = Math.max(0, Math.ceil(items.length / size) - 1);
  const page = Math.min(wanted, last);
  const from = page * size;
  const top = useRef<HTMLDivElement>(null);

  function turnTo(wanted: number): void {
    setPage(wanted);
    top.current?.scrollIntoView({ block: "start" });
  }

  return (
    <div ref={top}>
      {children(items.slice(from, from + size))}
      {last > 0 && (
        <Group justify="space-between" gap="sm" px={inset} py="sm" component="nav" aria-label={`Pages of ${label}`}>
          <Text size="sm" c="dimmed" role="status">
            {from + 1} to {Math.min(from + size, items.length)} of {items.length}
          </Text>
          <Group gap="xs">
            <Button size="compact-sm" variant="default" disabled={page === 0} onClick={() => turnTo(page - 1)}>
              Previous
            </Button>
            <Button size="compact-sm" variant="default" disabled={page === last} onClick={() => turnTo(page + 1)}>
              Next
            </Button>
          </Group>
        </Group>
      )}
    </div>
  );
}
