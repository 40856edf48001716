import { Button, Group, Text } from "@mantine/core";
import { Fragment, type ReactNode, useState } from "react";
import { LoadMore } from "../audit/LoadMore.tsx";
import { Blocks } from "./Blocks.tsx";
import classes from "./long-list.module.css";
import { SearchInUrl } from "./SearchInUrl.tsx";
import { Failure, Loading } from "./states.tsx";
import type { Pages } from "./use-pages.ts";

/** Beyond this many a list wants a search. */
const FEW = 8;
/** As many of one that folds are there until all are wanted. */
const FOLDED = 10;

interface LongListProps<Item> {
  pages: Pages<Item>;
  keyOf: (item: Item) => string;
  /** What is searched, and in what of it; without it, nothing is. */
  search?: { label: string; placeholder: string };
  /** What it is narrowed by besides. */
  filters?: ReactNode;
  /** Other parts of the page come after it. */
  folds?: boolean;
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
  folds = false,
  head,
  nothing,
  className,
  children,
}: LongListProps<Item>) {
  const [wantsAll, setWantsAll] = useState(!folds);
  const { items, q, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  if (!items) return error ? <Failure error={error} onRetry={() => refetch()} /> : <Loading />;
  const isFolded = !wantsAll && (hasNextPage || items.length > FOLDED);
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
      <Blocks items={isFolded ? items.slice(0, FOLDED) : items}>
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
          <Text size="sm" c="dimmed" px="lg" py="md" role="status">
            {q ? `Nothing has “${q}” in it.` : "Nothing is like that."}
          </Text>
        ))}
      {isFolded && (
        <div className={classes.rest}>
          <Button variant="default" size="compact-sm" onClick={() => setWantsAll(true)}>
            {hasNextPage ? "Show all" : `Show all ${items.length}`}
          </Button>
        </div>
      )}
      {hasNextPage && !isFolded && (
        <Group justify="center" p="md">
          <LoadMore loading={isFetchingNextPage} onLoad={() => fetchNextPage()} />
        </Group>
      )}
    </>
  );
}
