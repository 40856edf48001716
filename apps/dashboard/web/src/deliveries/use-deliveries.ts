import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { listDeliveries } from "../api/audit/deliveries.ts";

export const deliveriesQuery = (org: string) =>
  queryOptions({
    queryKey: ["audit-deliveries", org],
    queryFn: () => listDeliveries(org),
    refetchInterval: 5000,
  });

export function useDelivery<Change = void, Outcome = void>(
  org: string,
  mutationFn: (change: Change) => Promise<Outcome>,
) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn,
    onSettled: () => queryClient.invalidateQueries({ queryKey: deliveriesQuery(org).queryKey }),
  });
}
