import { useMutation, useQueryClient } from "@tanstack/react-query";
import { decideOnTool, type ToolDecision } from "../api.ts";
import { connectorQuery } from "./ConnectorPage.tsx";

/** Shows the decision at once, and takes it back where the server refuses it. */
export function useToolDecision(org: string, slug: string) {
  const queryClient = useQueryClient();
  const { queryKey } = connectorQuery(org, slug);
  return useMutation({
    mutationFn: ({ name, decision }: { name: string; decision: ToolDecision }) =>
      decideOnTool(org, slug, name, decision),
    async onMutate({ name, decision }) {
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData(
        queryKey,
        (connector) =>
          connector && {
            ...connector,
            tools: connector.tools.map((tool) => (tool.name === name ? { ...tool, ...defined(decision) } : tool)),
          },
      );
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
}

function defined({ classification, offered }: ToolDecision) {
  return { ...(classification === undefined ? {} : { classification }), ...(offered === undefined ? {} : { offered }) };
}
