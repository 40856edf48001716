import { type InfiniteData, useIsMutating, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  decideOnTools,
  pageTools,
  switchTool,
  type Tool,
  type ToolDecision,
  type ToolFilter,
  type ToolsPage,
} from "../api/connectors/tools.ts";
import { usePages } from "../ui/use-pages.ts";
import type { ToolSearch } from "./tool-search.ts";

const pagesKey = (org: string, slug: string) => ["connectors", org, slug, "tool-pages"];
const changesKey = (org: string, slug: string) => ["tools", org, slug];

export function useTools(org: string, slug: string, { q = "", ...rest }: ToolSearch) {
  const pages = usePages({
    queryKey: [...pagesKey(org, slug), rest],
    read: ({ limit: _, ...query }) => pageTools(org, slug, { ...rest, ...query }),
    itemsOf: ({ tools }) => tools,
    q,
  });
  return { ...pages, filter: q ? { ...rest, search: q } : rest };
}

const UNCLASSIFIED: ToolFilter = { show: "unclassified" };

/** Those that nobody has classified. */
export function useUnclassified(org: string, slug: string) {
  return useQuery({
    queryKey: ["connectors", org, slug, "unclassified"],
    queryFn: () => pageTools(org, slug, UNCLASSIFIED),
  });
}

/** Shows the decision at once, and takes it back where the server refuses it. One after the other, as they were made. */
export function useToolDecision(org: string, slug: string) {
  const queryClient = useQueryClient();
  const queryKey = pagesKey(org, slug);
  return useMutation({
    ...useChanges(org, slug),
    mutationFn: ({ tool, decision }: { tool: Tool; decision: ToolDecision }) => switchTool(org, slug, tool, decision),
    async onMutate({ tool: { name }, decision }) {
      const decided = (tool: Tool) => (tool.name === name ? { ...tool, ...defined(decision) } : tool);
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueriesData<InfiniteData<ToolsPage>>(
        { queryKey },
        (data) => data && { ...data, pages: data.pages.map((page) => ({ ...page, tools: page.tools.map(decided) })) },
      );
    },
  });
}

/** On all that match, wherever they are in the list. */
export function useDecisionOnAll(org: string, slug: string) {
  return useMutation({
    ...useChanges(org, slug),
    mutationFn: (decision: Parameters<typeof decideOnTools>[2]) => decideOnTools(org, slug, decision),
  });
}

/** What the server suggests of each that nobody has classified. */
export function useSuggested(org: string, slug: string) {
  const decide = useDecisionOnAll(org, slug);
  const classify = (etag: string) =>
    decide.mutate({ query: UNCLASSIFIED, json: { classification: "suggested" }, etag });
  return { ...decide, classify };
}

/** Whether what is shown of the tools is about to be another. */
export function useIsChanging(org: string, slug: string): boolean {
  return useIsMutating({ mutationKey: changesKey(org, slug) }) > 0;
}

function useChanges(org: string, slug: string) {
  const queryClient = useQueryClient();
  const mutationKey = changesKey(org, slug);
  return {
    mutationKey,
    scope: { id: mutationKey.join("/") },
    /** What is under way still is shown as it will be. */
    async onSettled(): Promise<void> {
      if (queryClient.isMutating({ mutationKey }) > 1) return;
      const queryKeys = [
        ["connectors", org],
        ["first-steps", org],
      ];
      await Promise.all(queryKeys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
    },
  };
}

function defined({ classification, offered }: ToolDecision) {
  return { ...(classification === undefined ? {} : { classification }), ...(offered === undefined ? {} : { offered }) };
}
