import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { endGrant, endToken, readAccess, readAccessOfMember } from "../api.ts";

export const accessQuery = (org: string) =>
  queryOptions({ queryKey: ["access", org, "own"], queryFn: () => readAccess(org) });

export const accessOfMemberQuery = (org: string, member: string) =>
  queryOptions({ queryKey: ["access", org, member], queryFn: () => readAccessOfMember(org, member) });

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
