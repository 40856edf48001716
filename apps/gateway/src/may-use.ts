import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { OpenTo } from "@gatehouse/store/tables";
import type { OrgSnapshot } from "./snapshots.ts";

/** Whether something is open to whom the token acts for. A service account is judged as a member who is in no team. */
export function mayUse(org: OrgSnapshot, { subject }: AccessToken, openTo: OpenTo | null): boolean {
  if (openTo === null) return true;
  const role = org.members.get(subject) ?? "member";
  if (openTo.roles.includes(role)) return true;
  const teams = org.teams.get(subject);
  return teams !== undefined && openTo.teams.some((team) => teams.has(team));
}
