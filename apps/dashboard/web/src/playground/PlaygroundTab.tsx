import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useConnector } from "../connector/ConnectorPage.tsx";
import { Offered } from "./Offered.tsx";
import { KINDS, type Kind } from "./search.ts";

/** A connector as oneself: what a client would have of it. */
export function PlaygroundTab() {
  const { org, connector } = useConnector();
  const { kind = "tools", name } = useSearch({ from: "/signed-in/$org/connectors/$slug/playground" });
  const navigate = useNavigate({ from: "/$org/connectors/$slug/playground" });
  const choice = (
    <SegmentedControl
      aria-label="What to try"
      value={kind}
      data={Object.entries(KINDS).map(([value, { label }]) => ({ value, label }))}
      onChange={(value) => navigate({ search: { kind: value as Kind } })}
    />
  );
  return (
    <Offered
      key={kind}
      {...{ org: org.slug, connector, kind, name, choice }}
      onChoose={(name) => navigate({ search: { kind, name } })}
    />
  );
}
