import { useIntersection } from "@mantine/hooks";
import type { ReactNode } from "react";

interface BlockProps {
  role?: string;
  className?: string | undefined;
  children: () => ReactNode;
}

/** A part of a long list. Far from the screen there is nothing of it but the room that it takes. */
export function Block({ role, className, children }: BlockProps) {
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: "1200px 0px" });
  if (entry && !entry.isIntersecting) return <div ref={ref} style={{ height: entry.boundingClientRect.height }} />;
  return (
    <div ref={ref} role={role} className={className}>
      {children()}
    </div>
  );
}

/** So many of a list stand or go together. */
const BLOCK_SIZE = 50;

export function blocksOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / BLOCK_SIZE) }, (_, index) =>
    items.slice(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE),
  );
}
