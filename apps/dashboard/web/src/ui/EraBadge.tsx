import { Badge, Tooltip } from "@mantine/core";

/** Gatehouse itself is its MCP server. */
export function ApiBadge() {
  return (
    <Badge variant="default" size="sm">
      API
    </Badge>
  );
}

interface EraBadgeProps {
  era: "legacy" | "modern";
  version: string;
  seen: boolean;
}

/** Which MCP the upstream speaks, once that is known. */
export function EraBadge({ era, version, seen }: EraBadgeProps) {
  if (!seen) return <Unseen />;
  const explained = era === "modern" ? "Stateless MCP, without sessions" : "MCP with sessions, opened by initialize";
  return (
    <Tooltip label={`${explained} (${version})`} withArrow events={{ hover: true, focus: true, touch: true }}>
      <Badge variant="default" size="sm">
        MCP {version}
      </Badge>
    </Tooltip>
  );
}

function Unseen() {
  return (
    <Badge variant="default" size="sm">
      Not seen yet
    </Badge>
  );
}
