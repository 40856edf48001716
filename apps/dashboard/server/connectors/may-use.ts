import type { OrgScope } from "@gatehouse/store/database";
import { isOpenTo } from "@gatehouse/store/open-to";
import type { Membership } from "@gatehouse/store/orgs";
import type { OpenTo } from "@gatehouse/store/tables";
import { listTeamsOfMember } from "@gatehouse/store/teams";

/** Whether a member may use what is open to these, as gateways see it. */
export async function findMayUse(
  scope: OrgScope,
  { userId, role }: { userId: string; role: Membership["role"] },
): Promise<(openTo: OpenTo | null) => boolean> {
  const teams = await listTeamsOfMember(scope, userId);
  return (openTo) => isOpenTo(openTo, role, teams);
}
