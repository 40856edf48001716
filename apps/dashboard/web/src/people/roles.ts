import type { Role } from "../api/people/people.ts";

export const ROLES: { value: Role; label: string; may: string }[] = [
  { value: "member", label: "Member", may: "uses the connectors" },
  { value: "auditor", label: "Auditor", may: "uses the connectors and reads the audit log" },
  { value: "admin", label: "Admin", may: "manages connectors, people and settings" },
  { value: "owner", label: "Owner", may: "does what admins do, and manages owners" },
];

/** Which roles someone may give: owners are made by owners. */
export function rolesFor(own: Role) {
  return ROLES.filter(({ value }) => value !== "owner" || own === "owner");
}

export function mayOf(role: Role): string {
  return ROLES.find(({ value }) => value === role)!.may;
}

export function labelOf(role: Role): string {
  return ROLES.find(({ value }) => value === role)!.label;
}
