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

/** What can be done about people. The list is read again afterwards, also where it did not work. */
export function usePeople(org: string) {
  const queryClient = useQueryClient();
  const onSettled = () =>
    Promise.all(
      [["people", org], ["access", org], ["first-steps", org], ["session"]].map((queryKey) =>
        queryClient.invalidateQueries({ queryKey }),
      ),
    );
  return {
    changeRole: useMutation({
      mutationFn: ({ member, role }: { member: Member; role: Role }) => changeRole(org, member, role),
      onSettled,
    }),
    remove: useMutation({ mutationFn: (member: Member) => removeMember(org, member), onSettled }),
    invite: useMutation({ mutationFn: (fields: { addresses: string; role: Role }) => invite(org, fields), onSettled }),
    sendAgain: useMutation({ mutationFn: (id: string) => sendInvitationAgain(org, id), onSettled }),
    withdraw: useMutation({ mutationFn: (id: string) => withdrawInvitation(org, id), onSettled }),
  };
}
