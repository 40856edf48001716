import { useMutation, useQueryClient } from "@tanstack/react-query";
import { decideOnTool, type ToolDecision } from "../../api.ts";

/** Stores what was decided; and reads again what depends on it. */
export function useSave({ org, slug, name }: { org: string; slug: string; name: string }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (decision: ToolDecision) => decideOnTool(org, slug, name, decision),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["connectors", org] }),
  });
}
