import { useMutation, useQueryClient } from "@tanstack/react-query";
import { classifyTools, decideOnTool, offerTools, type Tool, type ToolDecision } from "../api.ts";
import { connectorQuery } from "./ConnectorPage.tsx";

/** Shows the decision at once, and takes it back where the server refuses it. */
export function useToolDecision(org: string, slug: string) {
  const { show, onSettled } = useShownTools(org, slug);
  return useMutation({
    mutationFn: ({ name, decision }: { name: string; decision: ToolDecision }) =>
      decideOnTool(org, { slug, name }, decision),
    onMutate: ({ name, decision }) => show((tool) => (tool.name === name ? { ...tool, ...defined(decision) } : tool)),
    onSettled,
  });
}

/** The same of many tools: whether they are offered. */
export function useOfferedTools(org: string, slug: string) {
  const { show, onSettled } = useShownTools(org, slug);
  return useMutation({
    mutationFn: ({ tools, offered }: { tools: Tool[]; offered: boolean }) =>
      offerTools(
        org,
        slug,
        tools.filter((tool) => tool.offered !== offered).map(({ name }) => name),
        offered,
      ),
    onMutate({ tools, offered }) {
      const names = new Set(tools.map(({ name }) => name));
      return show((tool) => (names.has(tool.name) ? { ...tool, offered } : tool));
    },
    onSettled,
  });
}

/** What the server suggests of each; what it does not call a read is a write. */
export function useClassified(org: string, slug: string) {
  const { onSettled } = useShownTools(org, slug);
  return useMutation({
    async mutationFn(tools: Tool[]) {
      const { reads = [], writes = [] } = Object.groupBy(tools, ({ annotations }) =>
        annotations.readOnlyHint === true ? "reads" : "writes",
      );
      await classifyTools(
        org,
        slug,
        reads.map(({ name }) => name),
        "read",
      );
      await classifyTools(
        org,
        slug,
        writes.map(({ name }) => name),
        "write",
      );
    },
    onSettled,
  });
}

function useShownTools(org: string, slug: string) {
  const queryClient = useQueryClient();
  const { queryKey } = connectorQuery(org, slug);
  return {
    async show(change: (tool: Tool) => Tool): Promise<void> {
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData(
        queryKey,
        (connector) => connector && { ...connector, tools: connector.tools.map(change) },
      );
    },
    onSettled: () =>
      Promise.all(
        [
          ["connectors", org],
          ["first-steps", org],
        ].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ),
  };
}

function defined({ classification, offered }: ToolDecision) {
  return { ...(classification === undefined ? {} : { classification }), ...(offered === undefined ? {} : { offered }) };
}
