import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  changeRole,
  invite,
  type Member,
  type Role,
  removeMember,
  sendInvitationAgain,
  withdrawInvitation,
} from "../api/people/people.ts";

/** What depends on who there is is read again, also where it did not work. */
function useSettled(org: string) {
  const queryClient = useQueryClient();
  return () =>
    Promise.all(
      [["people", org], ["access", org], ["first-steps", org], ["session"]].map((queryKey) =>
        queryClient.invalidateQueries({ queryKey }),
      ),
    );
}

export function useMember(org: string) {
  const onSettled = useSettled(org);
  return {
    changeRole: useMutation({
      mutationFn: ({ member, role }: { member: Member; role: Role }) => changeRole(org, member, role),
      onSettled,
    }),
    remove: useMutation({ mutationFn: (member: Member) => removeMember(org, member), onSettled }),
  };
}

export function useInvite(org: string) {
  const onSettled = useSettled(org);
  return useMutation({ mutationFn: (fields: { addresses: string; role: Role }) => invite(org, fields), onSettled });
}

export function useInvitation(org: string) {
  const onSettled = useSettled(org);
  return {
    sendAgain: useMutation({ mutationFn: (id: string) => sendInvitationAgain(org, id), onSettled }),
    withdraw: useMutation({ mutationFn: (id: string) => withdrawInvitation(org, id), onSettled }),
  };
}
