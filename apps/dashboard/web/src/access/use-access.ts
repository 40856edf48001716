import { useMutation, useQueryClient } from "@tanstack/react-query";
import { endToken } from "../api/clients/tokens.ts";
import { endGrant, pageAccess, pageAccessOfMember } from "../api/people/access.ts";
import { usePages } from "../ui/use-pages.ts";

export const useOwnAccess = (org: string) =>
  usePages({
    queryKey: ["access", org, "own"],
    read: (query) => pageAccess(org, query),
    itemsOf: ({ grants }) => grants,
  });

export const useAccessOfMember = (org: string, member: string, enabled: boolean) =>
  usePages({
    queryKey: ["access", org, member],
    read: (query) => pageAccessOfMember(org, member, query),
    itemsOf: ({ grants }) => grants,
    enabled,
  });

/** After a token came or went, wherever it is shown. */
export function useReadAgain(org: string) {
  const queryClient = useQueryClient();
  return () =>
    Promise.all(["access", "service-accounts"].map((what) => queryClient.invalidateQueries({ queryKey: [what, org] })));
}

/** Also where it turns out to be gone already. */
export function useEnd(org: string) {
  const onSettled = useReadAgain(org);
  return {
    grant: useMutation({ mutationFn: (id: string) => endGrant(org, id), onSettled }),
    token: useMutation({ mutationFn: (id: string) => endToken(org, id), onSettled }),
  };
}
