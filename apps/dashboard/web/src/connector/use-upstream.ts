import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Connector, type EraDecision, pinEras, probeConnector } from "../api/connectors/connectors.ts";
import { connectorQuery } from "./ConnectorPage.tsx";

/** Until the connector has been read again, it counts as under way. */
export function useProbe(org: string, slug: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => probeConnector(org, slug),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
}

/** One after the other, as they were decided. An upstream whose era is to be found out is checked at once. */
export function usePinnedEras(org: string, connector: Connector, onUnpinned: () => void = () => {}) {
  const queryClient = useQueryClient();
  const { queryKey } = connectorQuery(org, connector.slug);
  return useMutation({
    scope: { id: `eras/${org}/${connector.slug}` },
    mutationFn: (decision: EraDecision) => pinEras(org, queryClient.getQueryData(queryKey) ?? connector, decision),
    onSuccess: (_, { upstreamEra }) => upstreamEra === "auto" && onUnpinned(),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
}
