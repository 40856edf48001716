import { Badge } from "@mantine/core";
import type { CountedOrg } from "../api/org/platform.ts";

/** Nothing for an org like any other. */
export function Standing({ org: { suspendedAt, deletedAt } }: { org: Pick<CountedOrg, "suspendedAt" | "deletedAt"> }) {
  if (!suspendedAt && !deletedAt) return null;
  return (
    <Badge color={deletedAt ? "gray" : "red"} variant="light" size="sm">
      {deletedAt ? "Deleted" : "Suspended"}
    </Badge>
  );
}
