import { Group, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";
import { LoadMore } from "../audit/LoadMore.tsx";
import { Blocks } from "./Blocks.tsx";
import { SearchInUrl } from "./SearchInUrl.tsx";
import { Failure, Loading } from "./states.tsx";
import type { Pages } from "./use-pages.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;

interface LongListProps<Item> {
  pages: Pages<Item>;
  keyOf: (item: Item) => string;
  /** What is searched, and in what of it; without it, nothing is. */
  search?: { label: string; placeholder: string };
  /** What it is narrowed by besides. */
  filters?: ReactNode;
  /** Above its rows. */
  head?: ReactNode;
  /** What stands in the place of a list that is empty. */
  nothing?: ReactNode;
  className?: string | undefined;
  /** A list item. */
  children: (item: Item) => ReactNode;
}

/** Of any length: it comes a page at a time, and only what is near the screen is there. */
export function LongList<Item>({
  pages,
  keyOf,
  search,
  filters,
  head,
  nothing,
  className,
  children,
}: LongListProps<Item>) {
  const { items, q, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  if (!items) return error ? <Failure error={error} onRetry={() => refetch()} /> : <Loading />;
  return (
    <>
      {error && <Failure error={error} onRetry={() => refetch()} />}
      {search && (filters || q !== "" || hasNextPage || items.length > FEW) && (
        <Group px="lg" pb="md" gap="sm">
          <SearchInUrl {...search} q={q} />
          {filters}
        </Group>
      )}
      {head}
      <Blocks items={items}>
        {(block) => (
          <ul className={className}>
            {block.map((item) => (
              <Fragment key={keyOf(item)}>{children(item)}</Fragment>
            ))}
          </ul>
        )}
      </Blocks>
      {items.length === 0 &&
        (q === "" && !filters ? (
          nothing
        ) : (
          <Text size="sm" c="dimmed" px="lg" pb="lg" role="status">
            {q ? `Nothing has “${q}” in it.` : "Nothing is like that."}
          </Text>
        ))}
      {hasNextPage && (
        <Group justify="center" p="md">
          <LoadMore loading={isFetchingNextPage} onLoad={() => fetchNextPage()} />
        </Group>
      )}
    </>
  );
}
