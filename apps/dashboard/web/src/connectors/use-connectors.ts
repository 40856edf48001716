import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { listConnectors, pageConnectors } from "../api.ts";

const PAGE = "50";

/** All of them, where one is to be chosen. */
export const connectorsQuery = (org: string) =>
  queryOptions({ queryKey: ["connectors", org], queryFn: () => listConnectors(org) });

export const connectorPagesQuery = (org: string, search: string) =>
  infiniteQueryOptions({
    queryKey: ["connectors", org, "pages", search],
    queryFn: ({ pageParam }) =>
      pageConnectors(org, { limit: PAGE, ...(search ? { search } : {}), ...(pageParam ? { after: pageParam } : {}) }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  });
