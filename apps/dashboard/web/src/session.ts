import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { readSession } from "./api/client.ts";

export const sessionQuery = queryOptions({ queryKey: ["session"], queryFn: readSession, staleTime: 5 * 60_000 });

export function useSession() {
  return useSuspenseQuery(sessionQuery).data;
}

/** The org that the address names, and what this person may do in it; `null` where they are not its member. */
export function useOrg() {
  const { orgs } = useSession();
  const { org: slug } = useParams({ strict: false });
  const org = orgs.find((org) => org.slug === slug);
  if (!org) return null;
  const mayChange = org.role === "owner" || org.role === "admin";
  return { ...org, mayChange, mayAudit: mayChange || org.role === "auditor" };
}
