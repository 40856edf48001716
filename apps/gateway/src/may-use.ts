import type { AccessToken } from "@gatehouse/oauth/access-token";
import { isOpenTo } from "@gatehouse/store/open-to";
import type { OpenTo } from "@gatehouse/store/tables";
import type { OrgSnapshot } from "./snapshots.ts";

/** Whether something is open to whom the token acts for. A service account is judged as a member who is in no team. */
export function mayUse(org: OrgSnapshot, { subject }: AccessToken, openTo: OpenTo | null): boolean {
  return isOpenTo(openTo, org.members.get(subject) ?? "member", org.teams.get(subject));
}
