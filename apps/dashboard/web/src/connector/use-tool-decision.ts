import { useMutation, useQueryClient } from "@tanstack/react-query";
import { switchTool, switchTools, type Tool, type ToolDecision } from "../api/connectors/tools.ts";
import { connectorQuery } from "./ConnectorPage.tsx";

/** Shows the decision at once, and takes it back where the server refuses it. One after the other, as they were made. */
export function useToolDecision(org: string, slug: string) {
  const { show, ...mutation } = useShownTools(org, slug);
  return useMutation({
    ...mutation,
    mutationFn: ({ tool, decision }: { tool: Tool; decision: ToolDecision }) => switchTool(org, slug, tool, decision),
    onMutate: ({ tool: { name }, decision }) =>
      show((tool) => (tool.name === name ? { ...tool, ...defined(decision) } : tool)),
  });
}

/** The same of many tools: whether they are offered. */
export function useOfferedTools(org: string, slug: string) {
  const { show, ...mutation } = useShownTools(org, slug);
  return useMutation({
    ...mutation,
    mutationFn: ({ tools, offered }: { tools: Tool[]; offered: boolean }) =>
      switchTools(
        org,
        slug,
        tools.filter((tool) => tool.offered !== offered),
        { offered },
      ),
    onMutate({ tools, offered }) {
      const names = new Set(tools.map(({ name }) => name));
      return show((tool) => (names.has(tool.name) ? { ...tool, offered } : tool));
    },
  });
}

/** What the server suggests of each; what it does not call a read is a write. */
export function useClassified(org: string, slug: string) {
  const { show: _, ...mutation } = useShownTools(org, slug);
  return useMutation({
    ...mutation,
    async mutationFn(tools: Tool[]) {
      const { reads = [], writes = [] } = Object.groupBy(tools, ({ annotations }) =>
        annotations.readOnlyHint === true ? "reads" : "writes",
      );
      await switchTools(org, slug, reads, { classification: "read" });
      await switchTools(org, slug, writes, { classification: "write" });
    },
  });
}

function useShownTools(org: string, slug: string) {
  const queryClient = useQueryClient();
  const { queryKey } = connectorQuery(org, slug);
  const mutationKey = ["tools", org, slug];
  return {
    mutationKey,
    scope: { id: mutationKey.join("/") },
    async show(change: (tool: Tool) => Tool): Promise<void> {
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData(
        queryKey,
        (connector) => connector && { ...connector, tools: connector.tools.map(change) },
      );
    },
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
