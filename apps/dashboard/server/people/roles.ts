import { Fault } from "@gatehouse/faults";
import type { Membership } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import { z } from "zod";

export const RoleField = z.enum(["owner", "admin", "member", "auditor"], { error: "Choose a role" });

/** Owners are made by owners, and so is what becomes one. */
export function refuseOwnerRole(membership: Membership, role: Role): void {
  if (role === "owner" && membership.role !== "owner") throw new Fault("forbidden", "Only an owner may make owners");
}
