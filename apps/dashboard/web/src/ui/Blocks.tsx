import { useIntersection } from "@mantine/hooks";
import { type ReactNode, useDeferredValue } from "react";

/** So many rows stand or go together. */
const BLOCK_SIZE = 10;
/** They fill a screen, and are there at once. */
const BLOCKS_AT_ONCE = 2;
/** What a row takes, more or less, until it has been there. */
const ROW_PX = 60;

interface BlocksProps<Item> {
  items: readonly Item[];
  role?: string;
  className?: string | undefined;
  children: (block: readonly Item[]) => ReactNode;
}

/** A list of any length, of which there is what is near the screen. */
export function Blocks<Item>({ items, ...props }: BlocksProps<Item>) {
  return Array.from({ length: Math.ceil(items.length / BLOCK_SIZE) }, (_, index) => (
    <Block
      // biome-ignore lint/suspicious/noArrayIndexKey: it is the place in the list that is near the screen, whatever stands there
      key={index}
      {...props}
      items={items.slice(index * BLOCK_SIZE, (index + 1) * BLOCK_SIZE)}
      isThereAtOnce={index < BLOCKS_AT_ONCE}
    />
  ));
}

/** Far from the screen there is nothing of it but the room that it takes. What comes near is made ready between frames. */
function Block<Item>({ items, role, className, isThereAtOnce, children }: BlockProps<Item>) {
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: "1600px 0px" });
  const isNear = useDeferredValue(entry ? entry.isIntersecting : isThereAtOnce);
  if (!isNear) return <div ref={ref} style={{ height: entry?.boundingClientRect.height ?? items.length * ROW_PX }} />;
  return (
    <div ref={ref} role={role} className={className}>
      {children(items)}
    </div>
  );
}

interface BlockProps<Item> extends BlocksProps<Item> {
  isThereAtOnce: boolean;
}
