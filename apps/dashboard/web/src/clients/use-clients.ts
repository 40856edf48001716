import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { type Clients, pageClients, pageOwnClients, readClients } from "../api/clients/clients.ts";
import { usePages } from "../ui/use-pages.ts";

export const clientsQuery = (org: string) =>
  queryOptions({ queryKey: ["clients", org], queryFn: () => readClients(org) });

/** Those that members ask for, or the others: without those that were registered by hand and nothing has become of. */
export const useKnownClients = (org: string, { waiting, q = "" }: { waiting: boolean; q?: string }) =>
  usePages({
    queryKey: [...clientsQuery(org).queryKey, waiting ? "waiting" : "known"],
    read: (query) => pageClients(org, waiting, query),
    itemsOf: ({ clients }) =>
      clients.filter(
        ({ registration, decision, members }) =>
          waiting || registration !== "manual" || decision === "blocked" || members > 0,
      ),
    q,
  });

export const useOwnClients = (org: string) =>
  usePages({
    queryKey: [...clientsQuery(org).queryKey, "own"],
    read: (query) => pageOwnClients(org, query),
    itemsOf: ({ clients }) => clients,
  });

/**
 * A change of what the org allows; it counts as under way until all of it has been read again. One after the other, each of what
 * is `shown` by then, so that nobody is in their own way.
 */
export function useChange<Change, Outcome = void>(
  org: string,
  change: (change: Change, shown: Clients) => Promise<Outcome>,
) {
  const queryClient = useQueryClient();
  const { queryKey } = clientsQuery(org);
  return useMutation({
    scope: { id: queryKey.join("/") },
    mutationFn: (wanted: Change) => change(wanted, queryClient.getQueryData(queryKey)!),
    onSettled: () => queryClient.invalidateQueries({ queryKey }),
  });
}
