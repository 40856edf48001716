import type { OrgScope } from "@gatehouse/store/database";
import { isOpenTo } from "@gatehouse/store/open-to";
import { findRole } from "@gatehouse/store/orgs";
import type { OpenTo } from "@gatehouse/store/tables";
import { listTeamsOfMember } from "@gatehouse/store/teams";

/** Whether a member may use what is open to these. */
export type MayUse = (openTo: OpenTo | null) => boolean;

/** `null` for someone who is not a member. */
export async function findMayUse(org: OrgScope, userId: string): Promise<MayUse | null> {
  const role = await findRole(org, userId);
  if (!role) return null;
  const teams = await listTeamsOfMember(org, userId);
  return (openTo) => isOpenTo(openTo, role, teams);
}
