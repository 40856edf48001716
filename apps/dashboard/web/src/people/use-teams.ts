import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { addToTeam, createTeam, deleteTeam, listTeams, removeFromTeam } from "../api/people/teams.ts";

/** All of them, where some are to be chosen. */
export const teamsQuery = (org: string) =>
  queryOptions({ queryKey: ["teams", org, "all"], queryFn: () => listTeams(org) });

/** Also where it did not work, what there is now is read again. */
function useReadAgain(org: string) {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: ["teams", org] });
}

export function useTeams(org: string) {
  const onSettled = useReadAgain(org);
  return {
    create: useMutation({ mutationFn: (name: string) => createTeam(org, { name }), onSettled }),
    remove: useMutation({ mutationFn: (id: string) => deleteTeam(org, id), onSettled }),
  };
}

export function useTeam(org: string, id: string) {
  const onSettled = useReadAgain(org);
  return {
    add: useMutation({ mutationFn: (user: string) => addToTeam(org, id, [user]), onSettled }),
    take: useMutation({ mutationFn: (user: string) => removeFromTeam(org, id, user), onSettled }),
  };
}
