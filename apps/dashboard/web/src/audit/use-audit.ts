import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type AuditEntry, type AuditPage, listAudit } from "../api/audit/audit.ts";
import type { AuditSearch } from "./search.ts";

const LOOK_EVERY_MS = 2000;
const PAGE_SIZE = 100;
/** Who looks on for hours keeps no more than that. */
const LIVE_ENTRIES_MAX = 1000;

type Pages = InfiniteData<AuditPage, unknown>;

const auditQuery = (org: string, search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ["audit", org, search],
    queryFn: ({ pageParam }) =>
      listAudit(org, { ...search, limit: String(PAGE_SIZE), ...(pageParam ? { after: pageParam } : {}) }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    // What comes later is fetched by itself: who comes back to the list finds it as it was.
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Newest first. Where it is live, what is new comes by itself, for as long as the page can be seen. */
export function useAudit(org: string, search: AuditSearch, { live }: { live: boolean }) {
  const queryClient = useQueryClient();
  const query = auditQuery(org, search);
  const audit = useInfiniteQuery(query);
  const tail = useQuery({
    queryKey: ["audit-tail", org, search],
    async queryFn() {
      const newest = await listAudit(org, { ...search, limit: String(PAGE_SIZE) });
      queryClient.setQueryData(query.queryKey, (pages) => pages && withNewest(pages, newest));
      return newest.entries[0]?.id ?? null;
    },
    enabled: live && audit.isSuccess && !audit.isFetchingNextPage,
    refetchInterval: LOOK_EVERY_MS,
    gcTime: 0,
  });
  const entries = audit.data?.pages.flatMap(({ entries }) => entries) ?? [];
  return { ...audit, entries, tailError: tail.error };
}

/** What has come since goes before what was there; where more has come than one page, it takes the place of all. */
function withNewest(known: Pages, newest: AuditPage): Pages {
  const [first, ...older] = known.pages;
  const ids = new Set(known.pages.flatMap(({ entries }) => entries.map(({ id }) => id)));
  const fresh = newest.entries.filter(({ id }) => !ids.has(id));
  if (fresh.length === 0) return known;
  if (fresh.length === newest.entries.length && newest.next) return { pages: [newest], pageParams: [null] };
  const entries = [...fresh, ...first!.entries].sort(newestFirst);
  const all = [{ ...first!, entries }, ...older];
  const isLong = entries.length > LIVE_ENTRIES_MAX;
  return isLong ? { pages: [cut(entries)], pageParams: [null] } : { pages: all, pageParams: known.pageParams };
}

function cut(entries: AuditEntry[]): AuditPage {
  const kept = entries.slice(0, LIVE_ENTRIES_MAX);
  return { entries: kept, next: kept.at(-1)!.id };
}

/** Ids are in the order of time. */
const newestFirst = (a: AuditEntry, b: AuditEntry): number => (a.id < b.id ? 1 : -1);
