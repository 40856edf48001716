import { Badge } from "@mantine/core";
import type { Offer } from "../api/connectors/playground.ts";

/** How its owner has classified a tool; what is unclassified counts as a write. */
export function AccessBadge({ access }: { access: Offer["access"] }) {
  return (
    <Badge variant="default" style={{ flex: "none" }}>
      {access === "read" ? "Read" : "Write"}
    </Badge>
  );
}
