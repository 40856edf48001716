import type { OpenTo, Role } from "./tables.ts";

/** Whether something is open to a member of this role, who is in these teams; `null` is every member. */
export function isOpenTo(openTo: OpenTo | null, role: Role, teams: ReadonlySet<string> | undefined): boolean {
  if (openTo === null || openTo.roles.includes(role)) return true;
  return teams !== undefined && openTo.teams.some((team) => teams.has(team));
}
