import { pageConnectors } from "../api/connectors/connectors.ts";
import { usePages } from "../ui/use-pages.ts";

export const useConnectors = (org: string, q: string) =>
  usePages({
    queryKey: ["connectors", org, "pages"],
    read: (query) => pageConnectors(org, query),
    itemsOf: ({ connectors }) => connectors,
    q,
  });
