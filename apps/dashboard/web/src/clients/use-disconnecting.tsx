import { type ReactNode, useState } from "react";
import type { Clients } from "../api/clients/clients.ts";
import { ApiProblem } from "../api/problem.ts";
import { Confirm } from "./Confirm.tsx";
import { useChange } from "./use-clients.ts";

/** A change that may disconnect members: the server refuses it then, until they have been told what it does. */
export function useDisconnecting<Change extends object>(
  org: string,
  change: (change: Change & { confirmed?: boolean }, shown: Clients) => Promise<void>,
) {
  const [asked, setAsked] = useState<{ change: Change; consequence: string } | null>(null);
  const mutation = useChange(org, change);

  function submit(wanted: Change & { confirmed?: boolean }): void {
    mutation.mutate(wanted, {
      onSuccess: () => setAsked(null),
      onError(error) {
        if (mustBeConfirmed(error)) setAsked({ change: wanted, consequence: error.message });
      },
    });
  }

  const confirmation: ReactNode = (
    <Confirm
      opened={asked !== null}
      title="Disconnect them?"
      action="Disconnect"
      pending={mutation.isPending}
      onCancel={() => setAsked(null)}
      onConfirm={() => asked && submit({ ...asked.change, confirmed: true })}
    >
      {asked?.consequence} They stop working within a second, and connect again only once they are allowed.
    </Confirm>
  );
  const error = mutation.error && !mustBeConfirmed(mutation.error) ? mutation.error : null;
  return { submit, confirmation, error, isPending: mutation.isPending, wanted: mutation.variables };
}

function mustBeConfirmed(error: unknown): error is ApiProblem {
  return error instanceof ApiProblem && error.status === 409;
}
