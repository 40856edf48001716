import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./api/problem.ts";

/** What the server refused it will refuse again; what it failed at is tried twice more. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  if (failures >= 2) return false;
  if (!(error instanceof ApiProblem)) return true;
  // What a change that could not be sent has to do with is not waited for: whoever made it is told at once.
  if (error.isUnreachable) return queryClient.isMutating() === 0;
  return error.status >= 500;
}

export const queryClient: QueryClient = new QueryClient({
  // Whoever is offline is told so, rather than kept waiting.
  defaultOptions: {
    queries: { retry: isWorthRetrying, staleTime: 5000, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
