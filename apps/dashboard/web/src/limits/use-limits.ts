import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { changeLimit, readLimits } from "../api/usage/limits.ts";
import type { Amounts, Limited } from "./amounts.ts";

export const limitsQuery = (org: string) => queryOptions({ queryKey: ["limits", org], queryFn: () => readLimits(org) });

export function useChange(org: string, limited: Limited, onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ amounts, etag }: { amounts: Amounts; etag: string | null }) =>
      changeLimit(org, { ...limited, amounts }, etag),
    async onSuccess() {
      await queryClient.invalidateQueries({ queryKey: limitsQuery(org).queryKey });
      onDone();
    },
  });
}
