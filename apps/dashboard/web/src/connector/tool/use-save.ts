import { useMutation, useQueryClient } from "@tanstack/react-query";
import { decideOnTool, type ToolDecision } from "../../api/connectors/tools.ts";

/** Stores what was decided; and reads again what depends on it. */
export function useSave({ org, slug, name }: { org: string; slug: string; name: string }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ decision, etag }: { decision: ToolDecision; etag: string | null }) =>
      decideOnTool(org, { slug, name }, decision, etag),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
}
