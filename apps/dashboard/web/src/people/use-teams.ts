import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { createTeam, deleteTeam, listTeams, setTeamMembers, type Team } from "../api.ts";

export const teamsQuery = (org: string) => queryOptions({ queryKey: ["teams", org], queryFn: () => listTeams(org) });

/** Who is in a team is shown at once, and taken back where the server refuses it. */
export function useTeams(org: string) {
  const queryClient = useQueryClient();
  const { queryKey } = teamsQuery(org);
  const onSettled = () => queryClient.invalidateQueries({ queryKey });
  return {
    create: useMutation({ mutationFn: (name: string) => createTeam(org, { name }), onSettled }),
    remove: useMutation({ mutationFn: (id: string) => deleteTeam(org, id), onSettled }),
    setMembers: useMutation({
      mutationFn: ({ id, memberIds }: Pick<Team, "id" | "memberIds">) => setTeamMembers(org, id, memberIds),
      async onMutate({ id, memberIds }) {
        await queryClient.cancelQueries({ queryKey });
        queryClient.setQueryData(queryKey, (teams) =>
          teams?.map((team) => (team.id === id ? { ...team, memberIds } : team)),
        );
      },
      onSettled,
    }),
  };
}
