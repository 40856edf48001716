import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { readClients } from "../api.ts";

export const clientsQuery = (org: string) =>
  queryOptions({ queryKey: ["clients", org], queryFn: () => readClients(org) });

/** A change of what the org allows; it counts as under way until all of it has been read again. */
export function useChange<Change, Outcome = void>(org: string, mutationFn: (change: Change) => Promise<Outcome>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn,
    onSettled: () => queryClient.invalidateQueries({ queryKey: clientsQuery(org).queryKey }),
  });
}
