import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./api/problem.ts";

/** What the server refused it will refuse again; what it failed at is tried twice more. */
function isWorthRetrying(failures: number, error: unknown): boolean {
  const refused = error instanceof ApiProblem && error.status >= 400 && error.status < 500;
  return !refused && failures < 2;
}

export const queryClient = new QueryClient({
  // Whoever is offline is told so, rather than kept waiting.
  defaultOptions: {
    queries: { retry: isWorthRetrying, staleTime: 5000, networkMode: "always" },
    mutations: { networkMode: "always" },
  },
});
