import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";

const PAGE = "100";

/** What the server is asked for a part of a list with; `after` is what the part before said comes next. */
export interface PageQuery {
  search?: string;
  after?: string;
  limit?: string;
}

interface PagesOptions<Page, Item> {
  queryKey: readonly unknown[];
  read: (query: PageQuery) => Promise<Page>;
  itemsOf: (page: Page) => Item[];
  /** What it is searched for. */
  q?: string;
  enabled?: boolean;
}

/** A list that the server tells a page at a time. */
export function usePages<Page extends { next: string | null }, Item>(options: PagesOptions<Page, Item>) {
  const { queryKey, read, itemsOf, q = "", enabled = true } = options;
  const { data, ...query } = useInfiniteQuery({
    queryKey: [...queryKey, q],
    queryFn: ({ pageParam }) =>
      read({ limit: PAGE, ...(q ? { search: q } : {}), ...(pageParam ? { after: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
    // Page after page would be asked for again.
    refetchOnWindowFocus: false,
    enabled,
  });
  return { ...query, q, first: data?.pages[0], items: data?.pages.flatMap(itemsOf) };
}

export type Pages<Item> = Pick<
  ReturnType<typeof usePages<{ next: string | null }, Item>>,
  "q" | "items" | "error" | "refetch" | "hasNextPage" | "isFetchingNextPage" | "fetchNextPage"
>;
